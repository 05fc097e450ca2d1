# make app: set up and open the dashboard on the demo · make test: set up and pass all tests · make test-ray · make bench · make lint
PYTHON ?= python3
WORKSPACE ?= workspace
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
TORCH := $(shell grep '^torch==' requirements.txt)
# The processor-only build of torch. The default build for Linux brings gigabytes of CUDA with it.
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
export TOKENIZERS_PARALLELISM ?= true

.PHONY: app setup demo test test-ray lint bench browser torch clean

app: setup demo
	$(BIN)/python -m streamlit run app.py --server.port $(PORT) -- --workspace $(WORKSPACE)

demo: setup
	$(BIN)/python -m core --workspace $(WORKSPACE) demo

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python %d.%d was found; 3.11 or newer is needed (make app PYTHON=python3.12)." % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(MAKE) torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

# Without an NVIDIA GPU: take the processor-only build; if it cannot be reached, take the default one only where that
# brings no CUDA packages, else stop and say so rather than download gigabytes that nothing here could use.
torch:
	@if $(BIN)/python -m pip show --quiet torch 2>/dev/null; then exit 0; fi; \
	if command -v nvidia-smi >/dev/null 2>&1 || [ "$$(uname -s)" != Linux ]; then \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH); \
	elif $(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 0 --timeout 20 --index-url $(TORCH_CPU_INDEX) $(TORCH) 2>/dev/null; then \
	  echo "torch: processor-only build"; \
	elif $(BIN)/python -m pip install --disable-pip-version-check --dry-run $(TORCH) | sed 's/ /\n/g' | grep -q '^nvidia-'; then \
	  echo "No NVIDIA GPU was found and the processor-only torch at $(TORCH_CPU_INDEX) could not be reached; the default build would bring gigabytes of CUDA. Name a mirror with TORCH_CPU_INDEX=URL, or install torch into $(VENV) yourself and run make again."; exit 1; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH); \
	fi

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# A Chromium for the browser tests: one that is installed, else the system's package, else Playwright's own.
browser: $(VENV)/.installed-dev
	@command -v chromium >/dev/null 2>&1 || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
	$(BIN)/python -m playwright install chromium

test: browser
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

# Ray (300 MB on disk) is no part of the default install: `make test` skips what needs it and says so, this one brings it.
test-ray: $(VENV)/.installed-dev requirements-ray.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-ray.txt
	$(BIN)/python -m pytest -m ray

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench

clean:
	rm -rf $(VENV) $(WORKSPACE)
