# `make` lists the targets. The plain commands behind them stand in CONTRIBUTING.md.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The environment is whole where this file stands, and half-made where the other one does.
READY := $(VENV)/.ready
UNFINISHED := $(VENV)/.unfinished
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder
NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout 1800
START := notebooks/exercises/0-0_start_here.ipynb

.DEFAULT_GOAL := help
.PHONY: help lab test figures all notebooks data bench lint clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | \
		awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

# LAB adds options of JupyterLab: make lab LAB="--ip 0.0.0.0 --port 9000"
lab: data  ## make the environment, fetch the data, open the course in JupyterLab
	@set --; \
	if [ "$$(id -u)" = 0 ]; then \
		echo "You are root, which JupyterLab accepts with --allow-root alone: it is given."; \
		set -- "$$@" --allow-root; \
	fi; \
	if [ "$$(uname)" = Linux ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		echo "No screen for a browser here: open the address that JupyterLab prints below."; \
		set -- "$$@" --no-browser; \
	fi; \
	exec $(BIN)/python -m jupyterlab --ServerApp.root_dir="$(CURDIR)" \
		--LabApp.default_url=/lab/tree/$(START) "$$@" $(LAB)

test: data  ## run the unit tests, and every notebook on tiny settings
	SEQLIB_PROFILE=quick $(PYTEST) $(NBVAL) tests seqlib course benchmarks notebooks

figures: data  ## run every notebook as it is, and hold its figures to their thresholds
	$(PYTEST) $(NBVAL) notebooks

all: data  ## run the unit tests and every notebook as it is, together
	$(PYTEST) $(NBVAL) tests seqlib course benchmarks notebooks

notebooks: data  ## run every notebook, write it back with the tables of results
	$(BIN)/python -m course.publishing.run

data: $(READY)  ## fetch and check the data that the notebooks need
	@$(BIN)/python -m seqlib.data fetch --course

bench: $(READY)  ## measure speed beside Keras, PyTorch and gensim, write it down (15 minutes)
	$(BIN)/python -m benchmarks

lint: $(READY)  ## check the code's form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

clean:  ## remove the environment and what tools have left; fetched data stays
	rm -rf $(VENV) .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +

# The environment is brought up to date where a list of requirements has changed. What an earlier
# call left half-made, or what cannot run any more, is removed first. On Linux with an NVIDIA driver
# that answers, TensorFlow comes with its libraries for the GPU, but for: make GPU=0 ...
$(READY): pyproject.toml requirements.txt requirements-gpu.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; ok = (3, 11) <= v < (3, 14); \
		sys.exit(not ok and f"Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is {v[0]}.{v[1]}. \
	Choose another with: make PYTHON=python3.12 ...")'
	@if [ -e $(UNFINISHED) ] || { [ -e $(VENV)/pyvenv.cfg ] && ! $(BIN)/python -m pip --version; } \
		>/dev/null 2>&1; then \
		echo "The environment in $(VENV) is not whole: it is removed and made anew."; \
		rm -rf $(VENV); \
	fi
	@mkdir -p $(VENV) && touch $(UNFINISHED) && rm -f $@
	@list=requirements.txt; \
	if [ "$(GPU)" != 0 ] && [ "$$(uname)" = Linux ] && nvidia-smi >/dev/null 2>&1; then \
		list=requirements-gpu.txt; \
		echo "An NVIDIA driver answers: TensorFlow's libraries for the GPU are installed too,"; \
		echo "3 GB more to download (without them: make GPU=0 ...)."; \
	fi; \
	echo "Making the environment in $(VENV): about 700 MB to download, 2.5 GB on disk, a few minutes ..."; \
	$(PYTHON) -m venv $(VENV) && \
	$(BIN)/python -m pip install --quiet --upgrade pip && \
	echo "  installing what $$list asks for ..." && \
	$(BIN)/python -m pip install --quiet --requirement $$list
	@mv $(UNFINISHED) $@ && touch $@
	@echo "  done."
