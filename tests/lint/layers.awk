# layers.awk - reads the sources whose names it is given and prints each breach of the rules of layers.sh
# as file:line: reason; exits 1 when there was one.

BEGIN {
    n = split("base loop wrap saga app", names, " ")
    for (i = 1; i <= n; i++)
        floor[names[i]] = i
    domain_floor = n + 1

    # Inside a domain: main -> http, worker -> store, events, saga, providers -> the noun.
    rank["noun"] = 0
    rank["saga"] = rank["events"] = rank["store"] = rank["provider"] = 1
    rank["http"] = rank["worker"] = 2
    rank["main"] = 3
    pure["noun"] = pure["saga"] = pure["events"] = 1

    # Who may see a foreign library: lib/wrap gives it to all others in our words.
    library["<libpq-fe"] = library["<hiredis/"] = library["<curl/"] = library["<jansson"] = " wrap "
    library["<jwt"] = library["<sodium"] = library["<openssl/"] = " wrap "
    library["<event2/"] = " loop wrap app main "
    library["<pthread"] = " loop "

    # What a decision must not know: the time and chance come in as values, effects go out as values.
    n_impure = split("clock_now_us( clock_mono_us( id_new( getenv( log_info( log_warn( log_error( task_", impure, " ")
    n_world = split("loop/ app/ wrap/pg wrap/redis wrap/httpd wrap/fetch wrap/migrate", world, " ")

    sql = "\"[ \t]*(select[ \t]|insert[ \t]+into[ \t]|update[ \t]+[a-z_.\"]+[ \t]+set[ \t]|delete[ \t]+from[ \t]" \
        "|(create|alter|drop)[ \t]+(table|index|unique|type|function|schema|role|database|extension|sequence)[ \t]" \
        "|truncate[ \t]|with[ \t]+[a-z_]+[ \t]+as[ \t]|lock[ \t]+table[ \t])"
    longest = 400
}

function complain(reason) {
    printf "%s:%d: %s\n", FILENAME, FNR, reason
    n_breaches++
}

function too_long(name, n) {
    if (n > longest) {
        printf "%s:%d: %d lines: past %d a file has two roles; split it\n", name, n, n, longest
        n_breaches++
    }
}

# The role of workers/<d>/<role>[_part].[ch]; the noun bears the domain's name, what is unknown is a provider.
function role_of(d, file,    word) {
    sub(/\.[ch]$/, "", file)
    if (file == d || index(file, d "_") == 1)
        return "noun"
    word = file
    sub(/_.*/, "", word)
    return word in rank ? word : "provider"
}

function enter_file(    part) {
    too_long(file_before, n_lines_before)
    split(FILENAME, part, "/")
    in_lib = part[1] == "lib"
    own = in_lib ? part[2] : ""
    domain = in_lib ? "" : part[2]
    my_floor = in_lib ? floor[own] : domain_floor
    role = in_lib ? "" : role_of(domain, part[3])
    if (in_lib && !my_floor)
        complain("lib/" own " is no floor; they are base < loop < wrap < saga < app")
}

function check_floor(path, top) {
    if (floor[top] > my_floor)
        complain("lib/" own " must not include " path ": " top " stands above " own)
}

function check_domain(path, d, file,    other) {
    if (in_lib) {
        complain("lib/" own " must not include " path ": no floor knows a domain")
        return
    }
    if (d != domain) {
        complain("workers/" domain " must not include " path ": domains share events, not code")
        return
    }
    other = role_of(d, file)
    if (other != role && rank[role] == 2 && rank[other] == 2)
        complain(role " and " other " must not see each other: what both need belongs below them")
    else if (rank[other] > rank[role])
        complain(role " must not include " path ": the arrows are main -> http, worker -> store, events, saga -> " domain)
    else if (pure[role] && other == "store")
        complain(role " is pure and must not include " path)
}

function check_generated(path) {
    if (path == "sql_saga.h" ? my_floor < floor["saga"] : path != "sql_" domain ".h")
        complain(path ": the statements of another room; ask its owner's store")
}

function check_quoted(path,    part, k) {
    k = split(path, part, "/")
    if (part[1] == "workers")
        check_domain(path, part[2], part[3])
    else if (part[1] in floor)
        check_floor(path, part[1])
    else if (path ~ /^sql_/)
        check_generated(path)
    else
        complain("include " path " by its path from lib/ or from the root, so that the floor shows")
    if (k != (part[1] == "workers" ? 3 : 2) && path !~ /^sql_/)
        complain(path " is no <floor>/<file>.h or workers/<domain>/<file>.h")
    if (pure[role])
        for (k = 1; k <= n_world; k++)
            if (index(path, world[k]) == 1)
                complain(role " is pure and must not include " path)
}

function check_library(include,    prefix, who) {
    for (prefix in library) {
        if (index(include, prefix) != 1)
            continue
        who = library[prefix]
        if (!index(who, " " own " ") && !index(who, " " role " "))
            complain(include " belongs to lib/wrap: include our header of it")
    }
}

FNR == 1 { enter_file() }

/^[ \t]*#[ \t]*include[ \t]/ {
    include = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", include)
    if (include ~ /^"/) {
        sub(/^"/, "", include)
        sub(/".*/, "", include)
        check_quoted(include)
    } else
        check_library(include)
}

# lib/wrap speaks to the servers where no statement file can: transactions, locks, the table of migrations.
own != "wrap" && tolower($0) ~ sql {
    complain("SQL text: a statement is named in sql/<domain>/queries.sql")
}

role != "" && pure[role] && FILENAME ~ /\.c$/ {
    for (k = 1; k <= n_impure; k++)
        if (index($0, impure[k]) && $0 !~ /^ *(\/\*| \*)/)
            complain(role " is pure: " impure[k] (impure[k] ~ /\($/ ? ")" : "...") " has no place in it; take the value as an argument")
}

{ file_before = FILENAME; n_lines_before = FNR }

END {
    too_long(file_before, n_lines_before)
    exit n_breaches > 0
}
