"""The page about expressions: its generated parts are fresh, its Python runs, and importing stays light."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import expression_page

TEXT = expression_page.PAGE.read_text("utf-8")


def test_is_fresh():
    """What is generated is what the code and the published examples say: tests/tools/expression_page.py writes it."""
    assert expression_page.fresh(TEXT) == TEXT
    assert {part[1] for part in expression_page.PART.findall(TEXT)} == set(expression_page.MADE)


def test_its_python_runs():
    """The example of the library is a program that holds."""
    [program] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(program, "docs/expressions.md", "exec"), {})


def test_names_what_is_public():
    """Every public name of evaluation and lint is on the page."""
    from scimconf.expressions import evaluation, lint

    named = {name for name in (*evaluation.__all__, *lint.__all__) if name not in TEXT}
    assert named <= {"AttributeValue", "CompiledExpression", "ExpressionRule", "Severity", "RULES", "ExpressionIssue"}


def test_parsing_stays_light():
    """Whoever parses and prints loads neither the evaluator nor the library for regular expressions."""
    program = (
        "import scimconf.expressions, sys; print(*(n for n in sys.modules if n.startswith(('scimconf', 'regex'))))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert not [name for name in loaded if re.search(r"evaluation|lint|dotnet|^regex", name)]


def test_checking_loads_no_regular_expressions():
    """The rules need none of the heavier library."""
    program = "import sys; from scimconf.expressions.lint import check; check('Append([mail], 1)'); print('regex' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "False"


def test_the_package_has_no_other_names():
    """Two of its names are late; a wrong one is wrong as everywhere."""
    import scimconf.expressions

    assert scimconf.expressions.check("Now()") == []
    with pytest.raises(AttributeError, match="has no attribute 'chekc'"):
        scimconf.expressions.chekc  # noqa: B018
