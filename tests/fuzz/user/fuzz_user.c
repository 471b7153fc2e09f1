/* fuzz_user.c - addresses, names and phone numbers as they are typed: what is made of them fits,
 * and stays as it is when it is typed again. */
#include "fuzz.h"

#include "workers/user/user.h"

static void check_email(const char *email)
{
    assert_is_text(email, 5, USER_EMAIL_MAX);
    for (; *email; email++)
        assert(*email > 0x20 && *email < 0x7f && !(*email >= 'A' && *email <= 'Z'));
}

static void check_name(const char *name)
{
    assert_is_text(name, USER_NAME_MIN, (size_t)4 * USER_NAME_MAX);
}

static void check_phone(const char *phone)
{
    assert_is_text(phone, 9, 16);
    assert(phone[0] == '+' && strspn(phone + 1, "0123456789") == strlen(phone + 1));
}

static const struct {
    const char *(*normalise)(struct arena *a, const char *text);
    void (*check)(const char *made);
} kinds[] = {
    {user_normalise_email, check_email},
    {user_normalise_name, check_name},
    {user_normalise_phone, check_phone},
};

/* The texts of a form: UTF-8 without control characters. */
static const char *typed(struct arena *a, struct input *in)
{
    json_t *o = json_keep(a, json_object());
    struct form f;

    json_object_set_new(o, "text", json_string(input_line(a, in)));
    form_init(&f, a, o);
    return form_text(&f, "text", FORM_REQUIRED, 1, 1000);
}

void fuzz_try(struct arena *a, struct input in)
{
    const char *text = typed(a, &in);

    for (size_t i = 0; text && i < sizeof kinds / sizeof *kinds; i++) {
        const char *made = kinds[i].normalise(a, text);

        if (!made)
            continue;
        kinds[i].check(made);
        assert(strcmp(kinds[i].normalise(a, made), made) == 0);
    }
    if (text)
        (void)user_guard_keys(a, text, text);
}
