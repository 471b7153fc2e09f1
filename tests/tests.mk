# tests.mk - what checks the project. tests/run.py says what runs and in which order.
.PHONY: check test scenario format tidy fuzz bench

C_FILES := $(shell git ls-files 'lib/*.[ch]' 'workers/*.[ch]' 'tests/*.[ch]' 2>/dev/null)
TIDY_OK := $(patsubst %.c,build/tidy/%.ok,$(wildcard lib/*/*.c workers/*/*.c))

check: setup-test ## format, tidy, layers, unit, store and statement tests, fuzz corpora (both compilers, sanitizers)
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

# A target of tests/fuzz/<domain>/ is linked with that domain, and from archives: what it defines itself it replaces.
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c tests/fuzz/*/fuzz_*.c)
FUZZ_BIN := $(FUZZ_SRC:tests/%.c=$(BUILD)/%)
FUZZ_OBJ := $(BUILD)/fuzz/fuzz.o $(BUILD)/fuzz/mutate.o
FUZZ_SECONDS ?= 30
.PHONY: fuzzers
fuzz: setup-test ## libFuzzer on every parser of foreign bytes in turn, FUZZ_SECONDS=30 each; finds join the corpus
	@$(MAKE) -s CC=clang SAN=1 fuzzers
	@for f in $(FUZZ_SRC); do sh tests/fuzz/run.sh $$f -max_total_time=$(FUZZ_SECONDS) -reduce_inputs=0 -print_final_stats=1 || exit 1; done
fuzzers: $(FUZZ_BIN)

define FUZZ_DOMAIN_RULE
$(BUILD)/fuzz/$(1).a: $(filter-out %/main.o,$(call domain_obj,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach d,$(DOMAINS),$(eval $(call FUZZ_DOMAIN_RULE,$(d))))

define FUZZ_RULE
$(BUILD)/$(patsubst tests/%.c,%,$(1)): $(1) $(FUZZ_OBJ) $(patsubst %,$(BUILD)/fuzz/%.a,$(call test_domain,$(1))) $(BUILD)/libpasar.a | $(GEN_HDR)
	@mkdir -p $$(@D)
	@echo "  FUZZ  $(1)"
	@$$(CC) $$(CPPFLAGS) -Itests/fuzz $$(CFLAGS) $$(LDFLAGS) -fsanitize=fuzzer -MMD -MP -MF $$@.d -o $$@ $$(filter %.c %.o %.a,$$^) $$(LDLIBS)
endef
$(foreach f,$(FUZZ_SRC),$(eval $(call FUZZ_RULE,$(f))))
$(FUZZ_OBJ): $(BUILD)/%.o: tests/%.c
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -Itests/fuzz $(CFLAGS) -MMD -MP -c $< -o $@
