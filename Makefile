# Each target is a thin line over a plain command, which the README also gives.
PYTHON ?= python3
RUN = .venv/bin/python

.PHONY: help boston canada car_price cifar10 counting dice flowers fraud household_power imagenet malware mcdonalds mnist mpg naver_reviews scaling titanic word_encoding test check serve ui benchmark lock docs
help:
	@echo "make fraud      run the fraud case (real data if there is any, else the embedded sample);"
	@echo "                likewise boston, canada, car_price, cifar10, counting, dice, flowers,"
	@echo "                household_power, imagenet, malware, mcdonalds, mnist, mpg, naver_reviews, scaling, titanic,"
	@echo "                word_encoding"
	@echo "make test       run all tests          make check   ruff, mypy, and that deployments are complete"
	@echo "make serve      answer from the published models on http://127.0.0.1:9000"
	@echo "make ui         Prefect's UI on http://127.0.0.1:4200, with every case to start, and a worker that runs them"
	@echo "make benchmark  measure; prints a table"
	@echo "make docs       the documentation as a site in artifacts/site"
	@echo "make lock       the locks anew, the checkout's and the images', by uv"

# the environment, made anew when the lock changes
.venv/installed: requirements.lock
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), 'Python 3.11 or newer is needed: make PYTHON=python3.12'"
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

boston canada car_price cifar10 counting dice flowers fraud household_power imagenet malware mcdonalds mnist mpg naver_reviews scaling titanic word_encoding: .venv/installed
	$(RUN) -m flows.$@

# in three processes, as one of them often waits; each file in one of them
test: .venv/installed
	$(RUN) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: .venv/installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m deployments check

serve: .venv/installed
	$(RUN) -m serving

ui: .venv/installed
	$(RUN) -m deployments ui

benchmark: .venv/installed
	$(RUN) -m benchmarks

docs: .venv/installed
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --quiet

lock: .venv/installed
	$(RUN) -m deployments.lock
