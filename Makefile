# Needs make and Python 3.11 or later; everything else goes into .venv. `make demo` and `make test` are all to begin with.

bin := .venv/bin
held := scimconf/spec/** scimconf/expressions/** scimconf/plan/** scimconf/documents/** scimconf/kinds/** scimconf/render/yaml/**
reach := $(addprefix tests/,documents export expressions kinds lint plan preview render spec)
comma := ,
empty :=
space := $(empty) $(empty)

.NOTPARALLEL:
.PHONY: help setup demo test test-slow test-long check lint types imports coverage format schemas docs bench constraints clean

help:  ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: .venv/.complete  ## make .venv with everything in it

.venv/.complete: pyproject.toml constraints.txt
	@sh tests/tools/setup.sh
	@touch $@

demo: setup  ## set Writer up in a pretend tenant: plan, apply, plan again
	@$(bin)/python examples/demo.py

test: setup  ## run the tests
	$(bin)/pytest -n 2 --dist=worksteal -m "not slow"

test-slow: setup  ## run the tests that repeat others in bulk
	$(bin)/pytest -n 2 --dist=worksteal -m slow

test-long: setup  ## the laws over many more random specs
	$(bin)/pytest -n 2 --timeout=1800 --hypothesis-profile=long tests/properties

check: lint types imports test test-slow coverage  ## everything that CI runs

lint: setup  ## style and formatting
	$(bin)/ruff format --check . && $(bin)/ruff check .

types: setup  ## mypy, strict
	$(bin)/mypy

imports: setup  ## who may import whom
	$(bin)/lint-imports --no-logo

coverage: setup  ## the pure rooms are tested to the last branch, by the tests that are about them
	$(bin)/pytest -n 2 -q --cov --cov-report= $(reach)
	$(bin)/coverage report --include='$(subst $(space),$(comma),$(held))' --show-missing --skip-covered --fail-under=100

format: setup  ## put everything into shape
	$(bin)/ruff format . && $(bin)/ruff check --fix .

schemas: setup  ## write the JSON Schemas anew from the code
	$(bin)/python tests/tools/schemas.py

docs: setup  ## write the generated parts of docs/ anew
	$(bin)/python tests/tools/pages.py && $(bin)/python tests/tools/expression_page.py

bench: setup  ## how long start-up and a plan take, as ratios
	$(bin)/python tests/bench/bench.py && $(bin)/python tests/bench/expressions.py && $(bin)/python tests/bench/preview.py

constraints: setup  ## pin what is in .venv
	$(bin)/pip freeze --exclude-editable | grep -v ' @ ' > constraints.txt

clean:  ## remove everything that was made here
	rm -rf .venv .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .scimconf
