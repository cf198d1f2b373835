package mapreduce

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// Cells have two forms: text, in TSV and CSV, and JSON. Numbers and what is compact JSON look the same in both.

// cellOf is *v as a cell. One that appends its own text need not be copied.
func cellOf[V any](v *V) any {
	if _, ok := any(v).(encoding.TextAppender); ok {
		return v
	}
	return *v
}

// appendText appends the text of a cell.
func appendText(b []byte, cell any) ([]byte, error) {
	switch c := cell.(type) {
	case nil:
		return b, nil
	case string:
		return append(b, c...), nil
	case *string:
		if c != nil {
			b = append(b, *c...)
		}
		return b, nil
	case []byte:
		return append(b, c...), nil
	case int:
		return strconv.AppendInt(b, int64(c), 10), nil
	case int64:
		return strconv.AppendInt(b, c, 10), nil
	case uint64:
		return strconv.AppendUint(b, c, 10), nil
	case float64:
		return appendFloat(b, c, 64), nil
	case bool:
		return strconv.AppendBool(b, c), nil
	case encoding.TextAppender:
		if v := reflect.ValueOf(cell); v.Kind() != reflect.Pointer || !v.IsNil() {
			return appendOwnText(b, c)
		}
	}
	p, ok := pointerTo(cell)
	if !ok {
		return b, nil
	}
	switch c := p.Interface().(type) { // a type's own form goes before its kind
	case encoding.TextAppender, encoding.TextMarshaler:
		return appendOwnText(b, c)
	case json.Marshaler:
		return appendJSON(b, p)
	}
	v := p.Elem()
	if text, ok := bytesOf(v); ok {
		return append(b, text...), nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		return appendText(b, v.Elem().Interface())
	case reflect.String:
		return append(b, v.String()...), nil
	case reflect.Float32, reflect.Float64:
		return appendFloat(b, v.Float(), v.Type().Bits()), nil
	}
	return appendJSON(b, p)
}

// appendJSONCell appends the JSON of a cell, which is UTF-8.
func appendJSONCell(b []byte, cell any) ([]byte, error) {
	switch c := cell.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendJSONString(b, c)
	case *string:
		if c == nil {
			return append(b, "null"...), nil
		}
		return appendJSONString(b, *c)
	case []byte:
		return appendJSONString(b, string(c))
	case int:
		return strconv.AppendInt(b, int64(c), 10), nil
	case int64:
		return strconv.AppendInt(b, c, 10), nil
	case uint64:
		return strconv.AppendUint(b, c, 10), nil
	case float64:
		return appendJSONFloat(b, c, 64)
	case bool:
		return strconv.AppendBool(b, c), nil
	}
	p, ok := pointerTo(cell)
	if !ok {
		return append(b, "null"...), nil
	}
	v := p.Elem()
	switch c := p.Interface().(type) {
	case json.Marshaler, *json.Number:
	case encoding.TextAppender, encoding.TextMarshaler:
		text, err := appendOwnText(nil, c)
		if err != nil {
			return b, err
		}
		return appendJSONString(b, string(text))
	default:
		if text, ok := bytesOf(v); ok {
			return appendJSONString(b, string(text))
		}
		switch v.Kind() {
		case reflect.Pointer:
			return appendJSONCell(b, v.Elem().Interface())
		case reflect.String:
			return appendJSONString(b, v.String())
		case reflect.Float32, reflect.Float64:
			return appendJSONFloat(b, v.Float(), v.Type().Bits())
		}
	}
	at := len(b)
	b, err := appendJSON(b, p)
	if err == nil && !utf8.Valid(b[at:]) {
		err = errNotUTF8
	}
	return b, err
}

// pointerTo returns a pointer to a copy of a cell, so that methods of pointers are found, here and by encoding/json. ok is
// false for a nil pointer.
func pointerTo(cell any) (p reflect.Value, ok bool) {
	v := reflect.ValueOf(cell)
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return v, false
	}
	p = reflect.New(v.Type())
	p.Elem().Set(v)
	return p, true
}

// appendOwnText appends what a type makes of itself.
func appendOwnText(b []byte, cell any) ([]byte, error) {
	text := b
	var err error
	if c, ok := cell.(encoding.TextAppender); ok {
		text, err = c.AppendText(b)
	} else if text, err = cell.(encoding.TextMarshaler).MarshalText(); err == nil {
		text = append(b, text...)
	}
	if err != nil {
		return b, fmt.Errorf("cannot be written: %w", err)
	}
	return text, nil
}

// bytesOf returns the bytes of a slice or an array of bytes.
func bytesOf(v reflect.Value) ([]byte, bool) {
	if k := v.Kind(); (k == reflect.Slice || k == reflect.Array) && v.Type().Elem().Kind() == reflect.Uint8 {
		return v.Bytes(), true
	}
	return nil, false
}

// appendFloat appends the shortest decimal that reads back as f, with an exponent where JSON has one, and as JSON has it.
func appendFloat(b []byte, f float64, bits int) []byte {
	least, most := 1e-6, 1e21
	if bits == 32 {
		least, most = float64(float32(least)), float64(float32(most))
	}
	if abs := math.Abs(f); abs == 0 || abs >= least && abs < most || math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendFloat(b, f, 'f', -1, bits)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, bits)
	if n := len(b); b[n-4] == 'e' && b[n-2] == '0' { // e-07
		b = append(b[:n-2], b[n-1])
	}
	return b
}

func appendJSONFloat(b []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return b, fmt.Errorf("is %v, which JSON cannot hold, but tsv and csv can", f)
	}
	return appendFloat(b, f, bits), nil
}

var errNotUTF8 = errors.New("has text that is not UTF-8, which JSON cannot hold, but tsv and csv can as a cell of its own")

// appendJSONString appends s in quotes.
func appendJSONString(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			if !utf8.ValidString(s) {
				return b, errNotUTF8
			}
			return appendJSON(b, reflect.ValueOf(s))
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

// appendJSON appends compact JSON, with <, > and & as they are. Where encoding/json would replace what is not UTF-8, it is an
// error.
func appendJSON(b []byte, v reflect.Value) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v.Interface()); err != nil {
		return b, fmt.Errorf("cannot be written: %w", err)
	}
	if bytes.Contains(out.Bytes(), []byte(`\ufffd`)) && hasBrokenText(v) {
		return b, errNotUTF8
	}
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...), nil
}

// hasBrokenText tells whether encoding/json finds in v text that is not UTF-8.
func hasBrokenText(v reflect.Value) bool {
	if !v.IsValid() {
		return false
	}
	if v.CanInterface() {
		own := v.Interface()
		if v.CanAddr() {
			own = v.Addr().Interface()
		}
		switch c := own.(type) {
		case json.Marshaler:
			return false
		case encoding.TextMarshaler:
			text, err := c.MarshalText()
			return err == nil && !utf8.Valid(text)
		}
	}
	switch v.Kind() {
	case reflect.String:
		return !utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return hasBrokenText(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if hasBrokenText(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for m := v.MapRange(); m.Next(); {
			if hasBrokenText(m.Key()) || hasBrokenText(m.Value()) {
				return true
			}
		}
	case reflect.Struct:
		for f := range v.Type().Fields() {
			if (f.IsExported() || f.Anonymous) && f.Tag.Get("json") != "-" && hasBrokenText(v.FieldByIndex(f.Index)) {
				return true
			}
		}
	}
	return false
}
