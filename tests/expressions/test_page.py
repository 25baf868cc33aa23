"""The page about expressions: its generated parts are up to date and its Python runs. The package imports little."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import expression_page

TEXT = expression_page.PAGE.read_text("utf-8")


def output(program):
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def test_generated_parts_of_the_page_are_up_to_date():
    """tests/tools/expression_page.py writes them."""
    assert expression_page.fresh(TEXT) == TEXT
    assert {part[1] for part in expression_page.PART.findall(TEXT)} == set(expression_page.GENERATORS)


def test_python_of_the_page_runs():
    [program] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(program, "docs/expressions.md", "exec"), {})


def test_page_names_what_is_public():
    from scimconf.expressions import evaluation, lint

    missing = {name for name in (*evaluation.__all__, *lint.__all__) if name not in TEXT}
    assert missing <= {"AttributeValue", "CompiledExpression", "ExpressionRule", "Severity", "RULES", "ExpressionIssue"}


def test_importing_expressions_loads_neither_evaluation_nor_lint():
    program = "import scimconf.expressions, sys; print(*sys.modules)"
    assert not re.search(r"scimconf\.expressions\.(evaluation|lint|dotnet)|\bregex\b", output(program))


def test_check_does_not_load_the_regex_library():
    program = "import sys; from scimconf.expressions.lint import check; check('Append([mail], 1)'); print('regex' in sys.modules)"
    assert output(program).strip() == "False"


def test_package_imports_check_late_and_has_no_other_names():
    from scimconf import expressions

    assert expressions.check is expressions.lint.check
    with pytest.raises(AttributeError, match="has no attribute 'chekc'"):
        expressions.chekc  # noqa: B018
