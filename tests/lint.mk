# SPDX-License-Identifier: MIT
.PHONY: lint
lint:
	@CC='$(CC)' BUILD='$(BUILD)' MAKE='$(MAKE)' tests/lint.sh
