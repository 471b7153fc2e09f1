/* clock.c - the clocks, and RFC 3339 without the C library's locales and time zones. */
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define S_PER_DAY INT64_C(86400)
#define FIRST_US (INT64_C(-62167219200) * US_PER_S)    /* 0000-01-01T00:00:00Z */
#define LAST_US (INT64_C(253402300800) * US_PER_S - 1) /* 9999-12-31T23:59:59.999999Z */

struct civil {
    int64_t year;
    int64_t month; /* 1..12 */
    int64_t day;   /* 1..31 */
};

static int64_t read_clock(clockid_t which)
{
    struct timespec ts;

    if (clock_gettime(which, &ts))
        abort();
    return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The proleptic Gregorian calendar in eras of 400 years, the year beginning in March so that the
 * leap day comes last. https://howardhinnant.github.io/date_algorithms.html */
static int64_t days_of(struct civil c)
{
    int64_t year = c.month <= 2 ? c.year - 1 : c.year;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (c.month > 2 ? c.month - 3 : c.month + 9) + 2) / 5 + c.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_of(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;

    return (struct civil){yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1};
}

static void put_digits(char *out, int n_digits, int64_t value)
{
    for (int i = n_digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void time_format(int64_t us, char out[TIME_TEXT_SIZE])
{
    int64_t clamped = us < FIRST_US ? FIRST_US : us > LAST_US ? LAST_US : us;
    int64_t s = floor_div(clamped, US_PER_S);
    int64_t days = floor_div(s, S_PER_DAY);
    int64_t of_day = s - days * S_PER_DAY;
    struct civil c = civil_of(days);

    memcpy(out, "0000-00-00T00:00:00.000000Z", TIME_TEXT_SIZE);
    put_digits(out, 4, c.year);
    put_digits(out + 5, 2, c.month);
    put_digits(out + 8, 2, c.day);
    put_digits(out + 11, 2, of_day / 3600);
    put_digits(out + 14, 2, of_day / 60 % 60);
    put_digits(out + 17, 2, of_day % 60);
    put_digits(out + 20, 6, clamped - s * US_PER_S);
}

/* Exactly n digits, then one character of `ends` unless that is empty; moves *p past both. */
static bool take_digits(const char **p, int n_digits, const char *ends, int64_t *out)
{
    *out = 0;
    for (int i = 0; i < n_digits; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        *out = *out * 10 + (**p - '0');
    }
    if (!*ends)
        return true;
    if (!**p || !strchr(ends, **p))
        return false;
    (*p)++;
    return true;
}

/* The fraction, if there is one: a point and up to 9 digits, of which six count. */
static bool take_fraction(const char **p, int64_t *out_us)
{
    int64_t scale = US_PER_S / 10;
    int n = 0;

    *out_us = 0;
    if (**p != '.')
        return true;
    for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, n++) {
        *out_us += (**p - '0') * scale;
        scale /= 10;
    }
    return n <= 9;
}

/* "Z" or "+07:00", and the end of the text. */
static bool take_offset(const char **p, int64_t *out_s)
{
    int64_t hours, minutes, sign;

    *out_s = 0;
    if (**p == 'Z' || **p == 'z')
        return (*p)[1] == '\0';
    if (**p != '+' && **p != '-')
        return false;
    sign = *(*p)++ == '-' ? -1 : 1;
    if (!take_digits(p, 2, ":", &hours) || !take_digits(p, 2, "", &minutes))
        return false;
    *out_s = sign * (hours * 3600 + minutes * 60);
    return hours <= 23 && minutes <= 59 && **p == '\0';
}

static bool civil_is_valid(struct civil c)
{
    struct civil back;

    if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31)
        return false;
    back = civil_of(days_of(c)); /* February 30 comes back as another day */
    return back.month == c.month && back.day == c.day;
}

static bool take_date(const char **p, struct civil *out)
{
    return take_digits(p, 4, "-", &out->year) && take_digits(p, 2, "-", &out->month) &&
           take_digits(p, 2, "Tt ", &out->day) && civil_is_valid(*out);
}

/* A leap second counts as the first second of the next minute, as POSIX and PostgreSQL have it. */
static bool take_time(const char **p, int64_t *out_s)
{
    int64_t hours, minutes, seconds;

    if (!take_digits(p, 2, ":", &hours) || !take_digits(p, 2, ":", &minutes) ||
        !take_digits(p, 2, "", &seconds))
        return false;
    *out_s = hours * 3600 + minutes * 60 + seconds;
    return hours <= 23 && minutes <= 59 && seconds <= 60;
}

struct err time_parse(const char *text, int64_t *out_us)
{
    int64_t time_s, fraction_us, offset_s;
    struct civil date;

    if (!text || !take_date(&text, &date) || !take_time(&text, &time_s) ||
        !take_fraction(&text, &fraction_us) || !take_offset(&text, &offset_s))
        return ERR(ERR_INVALID, "not an RFC 3339 time");
    *out_us = (days_of(date) * S_PER_DAY + time_s - offset_s) * US_PER_S + fraction_us;
    if (*out_us < FIRST_US || *out_us > LAST_US) /* by its offset, or a leap second at the end */
        return ERR(ERR_INVALID, "a time that cannot be written in UTC");
    return OK;
}
