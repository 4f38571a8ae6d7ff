# A machine with cgroup v2 alone, in emulation: tests/vm/README.md.

.PHONY: check-vm
check-vm: ## boot a cgroup v2 machine in emulation and run the cgroup tests and cbox in it
	@third_party/install build vm
	@$(MAKE) --no-print-directory all unit-bin
	@BUILD=$(BUILD) tests/vm/run
