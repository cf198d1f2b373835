package filter

import (
	"strconv"
	"strings"
	"time"
)

// dateForms are how dates are written, by their length without - between year, month and day: to the day, the hour, the
// minute, the second. endOfDay is what makes the last moment of a day of any form, whatever the clock of its writer did.
var dateForms = map[int]string{8: "20060102", 10: "2006010215", 12: "200601021504", 14: "20060102150405"}

const endOfDay = "999999"

// dateDigits returns the digits of a stored value that begins with a day: YYYYMMDD and up to six more, or YYYY-MM-DD with
// any separators. Whether there is such a day is not looked at.
func dateDigits(value string) (string, bool) {
	if len(value) == 10 && isSeparator(value[4]) && isSeparator(value[7]) {
		value = value[:4] + value[5:7] + value[8:]
	}
	return value, len(value) >= 8 && len(value) <= 14 && isDigits(value)
}

// parseDate returns the digits of a date that there is, of one of the forms.
func parseDate(text string) (string, bool) {
	digits := text
	if len(text) == 10 && text[4] == '-' && text[7] == '-' {
		digits = text[:4] + text[5:7] + text[8:]
	}
	form, ok := dateForms[len(digits)]
	if !ok || !isDigits(digits) {
		return "", false
	}
	_, err := time.Parse(form, digits)
	return digits, err == nil
}

// relativeDays are the names of days.
var relativeDays = []string{"today", "yesterday"}

const howDates = "a date is written 20130601, 2013-06-01 or 20130601030203"

// notDate says why text is no date.
func notDate(text string) *problem {
	if digits, ok := dateDigits(text); ok && dateForms[len(digits)] != "" {
		return problemf("there is no date %s", text).cure(howDates)
	}
	return problemf("%.60q is not a date", text).cure(howDates)
}

// daysAgo returns how many days before today a relative date is, or false if text is none.
func daysAgo(text string) (days string, ok bool) {
	switch text {
	case "today":
		return "0", true
	case "yesterday":
		return "1", true
	}
	if days, ok = strings.CutPrefix(text, "-"); !ok {
		return "", false
	}
	days, ok = strings.CutSuffix(days, "d")
	return days, ok && isDigits(days)
}

// date returns the first and the last moment of a date in an expression.
func (o *Options) date(text string) (first, last string, is *problem) {
	if digits, ok := parseDate(text); ok {
		return digits, digits + endOfDay[len(digits)-8:], nil
	}
	ago, ok := daysAgo(text)
	if !ok {
		is := notDate(text)
		if near := nearest(text, relativeDays); near != "" {
			is.cure("did you mean %s? %s", near, howDates)
		} else if _, ok := daysAgo("-" + text); ok {
			is.cure("%.60s before today is -%.60s", text, text)
		}
		return "", "", is
	}
	if o.Now.IsZero() {
		return "", "", problemf("%.60s counts from today, and nothing says what day that is", text)
	}
	days, err := strconv.Atoi(ago)
	day := o.Now.UTC().AddDate(0, 0, -min(days, 1e7))
	if err != nil || day.Year() < 1 || day.Year() > 9999 {
		return "", "", problemf("%.60s is too long ago", text)
	}
	first = day.Format(dateForms[8])
	return first, first + endOfDay, nil
}
