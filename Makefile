# Pasar. `make help` lists the targets; README.md tells the story.
#
#   make run                 set up what is missing, build, run the shop         (Ctrl-C stops it)
#   make test                set up what is missing, run every check and scenario
#   make CC=clang SAN=1 ...  another compiler, sanitizers on: builds land beside one another

SHELL := /bin/sh
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

CC := gcc
SAN ?= 0
BUILD ?= build/$(if $(filter 1,$(SAN)),asan-$(notdir $(CC)),$(if $(filter clang%,$(notdir $(CC))),clang,release))

DOMAINS := $(sort $(patsubst workers/%/main.c,%,$(wildcard workers/*/main.c)))
SQL_ROOMS := $(sort $(patsubst sql/%/queries.sql,%,$(wildcard sql/*/queries.sql)))

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wformat=2 -Wundef -Wvla -Wwrite-strings -Wcast-qual -Wswitch-enum -Werror
CPPFLAGS := -D_GNU_SOURCE -Ilib -I. -I$(BUILD)/gen
CFLAGS := -std=gnu17 -g $(WARNINGS) -fno-common -fstack-protector-strong -fno-omit-frame-pointer
ifeq ($(SAN),1)
CFLAGS += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS += -fsanitize=address,undefined
# clang's objects count which of their branches run: the targets of tests/fuzz are the same objects, led by those counts.
CFLAGS += $(if $(filter clang%,$(notdir $(CC))),-fsanitize=fuzzer-no-link)
else
CFLAGS += -O2
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif
# jansson, libpq and libcurl allocate by the piece: jemalloc makes a tenth more orders of the same processors. Tests keep the
# C library's heap, which valgrind knows.
BIN_LIBS := $(if $(filter 1,$(SAN)),,-ljemalloc)
LDLIBS := -levent_core -levent_extra -lhiredis -ljansson -lpq -lcurl -ljwt -lsodium -lpthread

# pg_config is not always installed with libpq-dev's pkg-config file: Debian keeps the header here.
CPPFLAGS += -isystem /usr/include/postgresql
OURS := -include base/banned.h

LIB_SRC := $(wildcard lib/*/*.c) $(wildcard lib/*/*.S)
GEN_SRC := $(SQL_ROOMS:%=$(BUILD)/gen/sql_%.c)
GEN_HDR := $(GEN_SRC:.c=.h)
LIB_OBJ := $(patsubst %,$(BUILD)/obj/%.o,$(basename $(LIB_SRC))) $(BUILD)/obj/gen/sql_saga.o
BINS := $(DOMAINS:%=$(BUILD)/bin/%)
domain_src = $(wildcard workers/$(1)/*.c)
domain_obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(call domain_src,$(1))) $(if $(filter $(1),$(SQL_ROOMS)),$(BUILD)/obj/gen/sql_$(1).o)

UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
STORE_SRC := $(wildcard tests/store/test_*.c) $(wildcard tests/store/*/test_*.c)
UNIT_BIN := $(UNIT_SRC:tests/%.c=$(BUILD)/test/%)
STORE_BIN := $(STORE_SRC:tests/%.c=$(BUILD)/test/%)
BENCH_BIN := $(patsubst tests/bench/%.c,$(BUILD)/bin/bench_%,$(wildcard tests/bench/*.c))

.PHONY: all lib bins tests help clean
all: bins ## build the services and the simulator (release)
lib: $(BUILD)/libpasar.a
bins: $(BINS)
	@:
tests: $(UNIT_BIN) $(STORE_BIN)

# ---- rules ----
$(BUILD)/obj/%.o: %.c | $(GEN_HDR)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) $(OURS) $(CFLAGS) -MMD -MP -c $< -o $@
$(BUILD)/obj/%.o: %.S
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) -c $< -o $@
$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-overlength-strings -MMD -MP -c $< -o $@

define SQL_RULE
$(BUILD)/gen/sql_$(1).c: $$(wildcard sql/$(1)/*.sql) sql/generate.awk
	@mkdir -p $$(@D)
	@awk -f sql/generate.awk -v domain=$(1) -v out=$(BUILD)/gen/sql_$(1) sql/$(1)/queries.sql $$(sort $$(wildcard sql/$(1)/0*.sql))
$(BUILD)/gen/sql_$(1).h: $(BUILD)/gen/sql_$(1).c
endef
$(foreach room,$(SQL_ROOMS),$(eval $(call SQL_RULE,$(room))))

$(BUILD)/libpasar.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

define DOMAIN_RULE
$(BUILD)/bin/$(1): $(call domain_obj,$(1)) $(BUILD)/libpasar.a
	@mkdir -p $$(@D)
	@echo "  LD    $$@"
	@$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(BIN_LIBS) $$(LDLIBS)
endef
$(foreach d,$(DOMAINS),$(eval $(call DOMAIN_RULE,$(d))))

# A test links the library and, when its folder bears a domain's name, that domain without its main.
test_domain = $(filter $(DOMAINS),$(word 3,$(subst /, ,$(1))))
define TEST_RULE
$(BUILD)/test/$(patsubst tests/%.c,%,$(1)): $(1) $(if $(call test_domain,$(1)),$(filter-out %/main.o,$(call domain_obj,$(call test_domain,$(1))))) $(BUILD)/libpasar.a | $(GEN_HDR)
	@mkdir -p $$(@D)
	@echo "  TEST  $(1)"
	@$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(LDFLAGS) -MMD -MP -MF $$@.d -o $$@ $$(filter %.c %.o %.a,$$^) -lcmocka $$(LDLIBS)
endef
$(foreach t,$(UNIT_SRC) $(STORE_SRC),$(eval $(call TEST_RULE,$(t))))

$(BUILD)/bin/bench_%: tests/bench/%.c $(BUILD)/libpasar.a
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(OURS) $(CFLAGS) $(LDFLAGS) -MMD -MP -MF $@.d -o $@ $(filter %.c %.a,$^) $(LDLIBS) -lm

-include compose/local/local.mk
-include tests/tests.mk

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
clean: ## remove what was built (not .run/)
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
