# generate.awk - turns a room of SQL into C: named statements and numbered migrations.
#
#   awk -f sql/generate.awk -v domain=order -v out=build/gen/sql_order \
#       sql/order/queries.sql sql/order/0*.sql
#
# writes <out>.h and <out>.c with sql_<name> for every "-- name: <name>" block of queries.sql,
# <domain>_statements[] (ended by NULL) and <domain>_migrations[] (ended by a row of NULLs).
# Statements lose comments, outer blanks and the closing semicolon; migrations are kept to the byte.
# Plain POSIX awk.

function fail(line, message) {
    printf "%s:%d: %s\n", FILENAME, line, message > "/dev/stderr"
    failed = 1
    exit 1
}

# One line of SQL as the inside of a C string literal.
function escaped(text,    i, c, result) {
    result = ""
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "\\" || c == "\"")
            c = "\\" c
        else if (c == "\t")
            c = "\\t"
        else if (c == "\r")
            c = "\\r"
        result = result c
    }
    return result
}

# What remains of a statement's line without comments. `within` is the open quote, "/" in a block
# comment, or "": it carries over to the next line. A semicolon outside quotes ends the statement.
function without_comments(line,    i, c, two, kept) {
    kept = ""
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (within == "/") {
            if (two == "*/") {
                within = ""
                i++
            }
        } else if (within != "") {
            kept = kept c
            if (c == within)
                within = ""
        } else if (two == "--") {
            break
        } else if (two == "/*") {
            within = "/"
            i++
        } else if (c == ";") {
            ended = 1
        } else {
            if (ended && c !~ /[ \t\r]/)
                fail(FNR, "a second statement in " name)
            if (c == "'" || c == "\"")
                within = c
            kept = kept c
        }
    }
    return kept
}

function add_statement_line(line,    began_within, kept) {
    began_within = within
    kept = without_comments(line)
    if (within == "" || within == "/")
        sub(/[ \t\r]+$/, "", kept)
    if (began_within == "" || began_within == "/")
        sub(/^[ \t]+/, "", kept)
    if (kept == "" && (began_within == "" || began_within == "/"))
        return
    if (text[name] != "")
        text[name] = text[name] "\\n\"\n    \""
    text[name] = text[name] escaped(kept)
}

function end_statement() {
    if (name == "")
        return
    if (within != "")
        fail(FNR, "a quote or comment is left open in " name)
    if (text[name] == "")
        fail(FNR, name " has no text")
    name = ""
}

function begin_statement(new_name) {
    end_statement()
    if (new_name !~ /^[a-z][a-z0-9_]*$/ || length(new_name) > 50)
        fail(FNR, "not a name (a-z, 0-9, _, at most 50): " new_name)
    if (new_name in text)
        fail(FNR, "named twice: " new_name)
    name = new_name
    names[++n_names] = name
    text[name] = ""
    ended = 0
}

function begin_migration(    parts, n, base) {
    n = split(FILENAME, parts, "/")
    base = parts[n]
    if (base !~ /^[0-9][0-9][0-9][0-9]_[a-z0-9_]+\.sql$/)
        fail(FNR, "not NNNN_name.sql: " base)
    sub(/\.sql$/, "", base)
    if (n_migrations > 0 && substr(base, 1, 4) <= substr(migrations[n_migrations], 1, 4))
        fail(FNR, "numbers must rise: " base " after " migrations[n_migrations])
    migrations[++n_migrations] = base
    script[n_migrations] = ""
}

function write_header(file,    i, guard) {
    guard = "PASAR_GEN_SQL_" toupper(domain) "_H"
    print "/* Made from sql/" domain "/ by sql/generate.awk. */" > file
    print "#ifndef " guard "\n#define " guard "\n" > file
    print "#include \"wrap/migrate.h\"\n#include \"wrap/pg.h\"\n" > file
    for (i = 1; i <= n_names; i++)
        print "extern const struct sql sql_" names[i] ";" > file
    print "\n/* ended by NULL */\nextern const struct sql *const " domain "_statements[];" > file
    print "/* ended by a row of NULLs */\nextern const struct migration " domain "_migrations[];" > file
    print "\n#endif" > file
    close(file)
}

function write_source(file,    i, base) {
    base = out
    sub(/.*\//, "", base)
    print "/* Made from sql/" domain "/ by sql/generate.awk. */" > file
    print "#include \"" base ".h\"\n\n#include <stddef.h>\n" > file
    print "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n" > file
    for (i = 1; i <= n_names; i++)
        print "const struct sql sql_" names[i] " = {\n    \"" names[i] "\",\n    \"" \
            text[names[i]] "\"};\n" > file
    print "const struct sql *const " domain "_statements[] = {" > file
    for (i = 1; i <= n_names; i++)
        print "    &sql_" names[i] "," > file
    print "    NULL};\n\nconst struct migration " domain "_migrations[] = {" > file
    for (i = 1; i <= n_migrations; i++)
        print "    {\"" domain "/" migrations[i] "\",\n" script[i] "    }," > file
    print "    {NULL, NULL}};" > file
    close(file)
}

FNR == 1 {
    end_statement()
    is_queries = (FILENAME ~ /(^|\/)queries\.sql$/)
    if (!is_queries)
        begin_migration()
}
!is_queries {
    script[n_migrations] = script[n_migrations] "     \"" escaped($0) "\\n\"\n"
    next
}
/^-- *name:/ {
    line = $0
    sub(/^-- *name: */, "", line)
    sub(/[ \t\r]+$/, "", line)
    begin_statement(line)
    next
}
name == "" {
    if ($0 !~ /^[ \t\r]*(--.*)?$/)
        fail(FNR, "SQL before the first '-- name:'")
    next
}
{ add_statement_line($0) }

END {
    if (failed)
        exit 1
    end_statement()
    if (failed)
        exit 1
    if (domain == "" || out == "") {
        print "generate.awk: -v domain= and -v out= are needed" > "/dev/stderr"
        exit 1
    }
    write_header(out ".h")
    write_source(out ".c")
}
