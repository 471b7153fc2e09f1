# tests.mk - what checks the project. tests/run.py says what runs and in which order.
.PHONY: check test scenario format tidy fuzz bench

C_FILES := $(shell git ls-files 'lib/*.[ch]' 'workers/*.[ch]' 'tests/*.[ch]' 2>/dev/null)
TIDY_OK := $(patsubst %.c,build/tidy/%.ok,$(wildcard lib/*/*.c workers/*/*.c))

check: setup-test ## format, tidy, layers, unit, store and statement tests (both compilers, sanitizers)
	@python3 tests/run.py check

test: setup-test ## all of check and every scenario
	@python3 tests/run.py test

scenario: setup-test bins ## the scenarios only
	@python3 tests/run.py scenario

format: ## fails when clang-format would change a file
	@clang-format --dry-run -Werror $(C_FILES)

tidy: $(TIDY_OK)
build/tidy/%.ok: %.c .clang-tidy $(GEN_HDR)
	@mkdir -p $(@D)
	@clang-tidy --quiet --warnings-as-errors='*' $< -- $(CPPFLAGS) $(OURS) -std=gnu17 >$@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@

bench: bins $(BENCH_BIN) ## sagas a second, latencies, memory, beside the roofline of the same run
	@python3 tests/bench/bench.py

FUZZ_SECONDS ?= 30
fuzz: $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c)) ## libFuzzer on every parser of foreign bytes
	@for f in $^; do c=tests/fuzz/corpus/$$(basename $$f | sed s/fuzz_//); mkdir -p $$c; $$f -max_total_time=$(FUZZ_SECONDS) $$c || exit 1; done
build/fuzz/%: tests/fuzz/%.c
	@$(MAKE) -s CC=clang SAN=1 lib
	@mkdir -p $(@D)
	@clang $(CPPFLAGS) -Ibuild/asan-clang/gen $(CFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $< build/asan-clang/libpasar.a $(LDLIBS)
