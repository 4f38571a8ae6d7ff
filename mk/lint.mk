# Everything that reads the sources without running them.

C_FILES := $(sort $(wildcard cmd/*/*.[ch] pkg/*/*.[ch] tests/unit/*/*.[ch] tests/fuzz/*.[ch]))

LINT := lint-format lint-layers lint-generated lint-cppcheck lint-shell lint-docs

.PHONY: lint format generate $(LINT)
lint: $(LINT) ## format, layering, generated files, cppcheck, shellcheck, names in the documentation

format: ## rewrite the C sources in the house style
	clang-format -i $(C_FILES)

generate: $(BUILD)/cbox ## write completions, manual pages and README's table anew from the command tables
	@contrib/generate $(BUILD)/cbox

lint-format:
	@clang-format --dry-run -Werror $(C_FILES)

lint-layers:
	@tests/lint/layers

lint-generated: $(BUILD)/cbox
	@contrib/generate $(BUILD)/cbox --check

lint-cppcheck:
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppressions-list=tests/lint/cppcheck.txt --include=tests/lint/cppcheck.h -j 2 -Ipkg -Icmd -D_GNU_SOURCE -D__x86_64__ cmd pkg

lint-shell:
	@tests/lint/shell

lint-docs:
	@tests/lint/docs
