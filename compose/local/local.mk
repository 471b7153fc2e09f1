# The shop on this machine, without containers.
PYTHON := /usr/bin/python3 -B

.PHONY: setup setup-test run stop status demo
setup: ## install what is missing to build and run
	@sh compose/local/setup.sh
setup-test: ## install what is missing to check and test
	@sh compose/local/setup.sh test

# What was just installed is only seen by a make that starts afterwards.
run: setup ## build and run the shop; Ctrl-C closes it
	@$(MAKE) --no-print-directory -j$$(nproc) bins
	@exec $(PYTHON) compose/local/run.py run
stop: ## close a running shop
	@$(PYTHON) compose/local/run.py stop
status: ## what runs, and where
	@$(PYTHON) compose/local/run.py status
demo: setup ## play one customer, from registration to a paid order
	@$(MAKE) --no-print-directory -j$$(nproc) bins
	@exec $(PYTHON) compose/local/demo.py
