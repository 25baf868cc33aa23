# Requires make and Python 3.11 or later; everything else is installed into .venv. Start with `make demo` and `make test`.

bin := .venv/bin
pure := $(addprefix scimconf/,spec/** lint/** suggestions.py expressions/** plan/** documents/** kinds/** impact/** export/** monitoring/** \
	snapshot.py steps.py render/yaml/**)
near := scimconf/graph/** scimconf/workflow/**
reach := $(addprefix tests/,documents export expressions graph kinds lifecycle lint monitoring plan preview render spec workflow)
SECONDS := 3600
comma := ,
empty :=
space := $(empty) $(empty)

.NOTPARALLEL:
.PHONY: help setup demo test test-slow test-long fuzz check lint types imports site coverage format schemas docs preset pictures bench audit changelog release constraints clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: .venv/.complete  ## create .venv with all dependencies

.venv/.complete: pyproject.toml constraints.txt
	@sh tests/tools/setup.sh
	@touch $@

demo: setup  ## the life of an application in a simulated tenant: plan, apply, provision, status, drift, rollback
	@$(bin)/python examples/demo.py

test: setup  ## run the tests
	$(bin)/pytest -n 2 --dist=worksteal -m "not slow"

test-slow: setup  ## run the tests that repeat others in bulk
	$(bin)/pytest -n 2 --dist=worksteal -m slow

test-long: setup  ## run the property tests and the fuzzing with many more random inputs
	$(bin)/pytest -n 2 --timeout=1800 --hypothesis-profile=long tests/properties tests/fuzz

fuzz: setup  ## apply random specs under faults for SECONDS (3600), then kill applies at every request
	$(bin)/python -m tests.lifecycle.run --seconds $(SECONDS) --jobs 2
	$(bin)/pytest -n 2 --timeout=36000 --hypothesis-profile=long $(addprefix tests/lifecycle/test_,kills.py concurrent_applies.py)

check: lint types imports site audit test test-slow coverage  ## run everything that CI runs

lint: setup  ## check style and formatting
	$(bin)/ruff format --check . && $(bin)/ruff check .

types: setup  ## check types with mypy --strict, also as on Windows, where calls of POSIX are missing
	$(bin)/mypy && $(bin)/mypy --platform win32

imports: setup  ## check the import contracts
	$(bin)/lint-imports --no-logo

coverage: setup  ## require full branch coverage of the pure packages, and 95 % of graph/ and workflow/
	$(bin)/pytest -n 2 -q -m "not slow" --cov --cov-report= $(reach)
	$(bin)/coverage report --include='$(subst $(space),$(comma),$(pure))' --show-missing --skip-covered --fail-under=100
	$(bin)/coverage report --include='$(subst $(space),$(comma),$(near))' --show-missing --skip-covered --fail-under=95

format: setup  ## format the code
	$(bin)/ruff format . && $(bin)/ruff check --fix .

schemas: setup  ## regenerate the JSON Schemas
	$(bin)/python tests/tools/schemas.py

docs: setup  ## regenerate the generated parts of docs/, and the sandbox's gallery of vendors
	$(bin)/python tests/tools/gallery.py && $(bin)/python tests/tools/vendor_pages.py
	$(bin)/python tests/tools/pages.py && $(bin)/python tests/tools/expression_page.py

preset: setup  ## format and check one preset, and write its page: make preset NAME=slack
	$(bin)/python tests/tools/preset.py $(NAME)
	$(bin)/pytest -q tests/presets -k '$(NAME)'

pictures: setup  ## make the pictures of the README from real output
	@$(bin)/python tests/tools/pictures.py

site: setup  ## build the documentation site in build/site/html, strict about links
	@$(bin)/python tests/tools/build_site.py

bench: setup  ## measure scimconf as ratios against bare httpx, in ROUNDS=5 rounds; writes docs/performance.md
	ROUNDS=$(ROUNDS) $(bin)/python tests/bench/bench.py
	$(bin)/python tests/bench/expressions.py && $(bin)/python tests/bench/preview.py

.venv/.release: .venv/.complete
	@$(bin)/pip install -qq --disable-pip-version-check -c constraints.txt -e '.[release]'
	@touch $@

audit: setup  ## check licences, and known vulnerabilities in the pinned versions (skipped offline)
	@$(MAKE) -s .venv/.release || echo "The tools of a release cannot be installed now."
	@$(bin)/python tests/tools/audit.py

changelog: .venv/.release  ## move the fragments in changelog.d to CHANGELOG.md, for the version in scimconf/version.py
	$(bin)/towncrier build --yes --version "$$($(bin)/python -c 'import scimconf; print(scimconf.__version__)')"

release: .venv/.release  ## build wheel, sdist, requirements.txt with hashes and SBOM of the last commit in dist/, check them, run the demo from the wheel
	@$(bin)/python tests/tools/release.py

constraints: .venv/.release  ## write constraints.txt from .venv
	$(bin)/pip freeze --exclude-editable | grep -v ' @ ' > constraints.txt

clean:  ## remove all generated files
	rm -rf .venv build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .scimconf
