# SPDX-License-Identifier: Apache-2.0
#
# The few commands of the house. Each is a script in Scripts/ or Benchmarks/ that says what it does.

.PHONY: help build demo test rotation bench format lint clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -E '^[a-z]+: .*##' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

build: ## build the release binary, .build/release/exeat
	@Scripts/build.sh release

demo: ## from nothing to a verified token: build, start, ask with the AWS CLI, verify with PyJWT
	@Scripts/demo.sh

test: ## everything: walls, format, Swift tests, end-to-end tests with stock clients
	@Scripts/test.sh

rotation: ## keys that rotate every ten seconds before 50 relying parties, for ten minutes (after make test)
	@EXEAT_DOSE=20 .build/venv/bin/python -m pytest -v Tests/EndToEnd/test_rotation_under_load.py

bench: ## measure, and write .build/bench/results.md
	@Benchmarks/run.sh

format: ## rewrite the Swift sources in the house style
	@swift format format --in-place --parallel --recursive Sources Tests Package.swift

lint: ## check walls, format and scripts; builds nothing
	@Scripts/lint.sh

clean: ## remove everything that was built, the Python environment included
	rm -rf .build
