# `make` lists the targets. The plain commands behind them stand in README.md.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATA := dinosaurs sonnets state_of_the_union bach_chorales ryans_mammoth glove questions_words wordsim353 simlex999 movie_reviews english_spanish joe_voice minilm conll2003 squad
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile
NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout 900

.DEFAULT_GOAL := help
.PHONY: help lab test quick notebooks data bench lint clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | \
		awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

lab: data  ## make the environment, fetch the data, open the course in JupyterLab
	$(BIN)/jupyter lab notebooks/0-0_start_here.ipynb

test: data  ## run every test, the notebooks included, as they were committed
	$(PYTEST)
	$(PYTEST) $(NBVAL) notebooks

quick: data  ## run every notebook in seconds, on tiny settings: shapes, not quality
	SEQLIB_PROFILE=quick $(PYTEST) $(NBVAL) notebooks

notebooks: data  ## run every notebook, write it back, print the table of results
	$(BIN)/python -m course.publishing.run

data: $(READY)  ## fetch and check the data that the notebooks need
	@$(BIN)/python -m seqlib.data fetch $(DATA)

bench: $(READY)  ## measure speed beside Keras, PyTorch and gensim, write it down (15 minutes)
	$(BIN)/python -m benchmarks

lint: $(READY)  ## check the code's form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

clean:  ## remove the environment and what tools have left; fetched data stays
	rm -rf $(VENV) .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +

# The environment is made anew where a list of requirements has changed.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; ok = (3, 11) <= v < (3, 14); \
		sys.exit(not ok and f"Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is {v[0]}.{v[1]}. \
	Choose another with: make PYTHON=python3.12 ...")'
	@echo "Making the environment in $(VENV): about 700 MB to download, 2.5 GB on disk, a few minutes ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "  installing what requirements.txt lists ..."
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@
	@echo "  done."
