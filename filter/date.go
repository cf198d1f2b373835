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
	digits, ok := text, true
	if strings.Contains(text, "-") {
		digits, ok = dateDigits(text)
		ok = ok && len(digits) == 8
	}
	form, known := dateForms[len(digits)]
	if !ok || !known || !isDigits(digits) {
		return "", false
	}
	_, err := time.Parse(form, digits)
	return digits, err == nil
}

// notDate says why an expression makes no date of text.
func notDate(text string) *problem {
	const forms = "a date is written 20130601, 2013-06-01 or 20130601030203"
	is := problemf("%q is not a date", text).cure(forms)
	if near := nearest(text, []string{"today", "yesterday"}); near != "" {
		is.cure("did you mean %s? %s", near, forms)
	} else if digits, ok := dateDigits(text); ok && dateForms[len(digits)] != "" {
		is.msg = "there is no date " + text
	}
	return is
}

// date returns the first and the last moment of a date in an expression.
func (o *Options) date(text string) (first, last string, is *problem) {
	days := 0
	number, inDays := strings.CutSuffix(text, "d")
	number, isBefore := strings.CutPrefix(number, "-")
	switch {
	case text == "today":
	case text == "yesterday":
		days = 1
	case inDays && isBefore && isDigits(number):
		n, err := strconv.Atoi(number)
		if err != nil || n > 1e6 {
			return "", "", problemf("%s is too long ago", text)
		}
		days = n
	case inDays && isDigits(number):
		return "", "", notDate(text).cure("the day %s days before today is -%s", number, text)
	default:
		digits, ok := parseDate(text)
		if !ok {
			return "", "", notDate(text)
		}
		return digits, digits + endOfDay[len(digits)-8:], nil
	}
	if o.Now.IsZero() {
		return "", "", problemf("%s counts from today, and nothing says what day that is", text)
	}
	day := o.Now.UTC().AddDate(0, 0, -days)
	if day.Year() < 1 || day.Year() > 9999 {
		return "", "", problemf("%s is too long ago", text)
	}
	first = day.Format(dateForms[8])
	return first, first + endOfDay, nil
}
