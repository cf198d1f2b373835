package storage_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/telemetry-mr/mr/storage"
)

// firstWins decodes text as encoding/json does, but with the first of equal keys.
func firstWins(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return decodeValue(d)
}

func decodeValue(d *json.Decoder) any {
	token, err := d.Token()
	if err != nil {
		panic(err)
	}
	switch token {
	case json.Delim('{'):
		m := map[string]any{}
		for d.More() {
			key, _ := d.Token()
			v := decodeValue(d)
			if _, ok := m[key.(string)]; !ok {
				m[key.(string)] = v
			}
		}
		_, _ = d.Token()
		return m
	case json.Delim('['):
		l := []any{}
		for d.More() {
			l = append(l, decodeValue(d))
		}
		_, _ = d.Token()
		return l
	}
	return token
}

// compare walks v with want beside it.
func compare(t *testing.T, v storage.Value, want any) {
	str, isStr := v.Str()
	integer, isInt := v.Int()
	float, isFloat := v.Float()
	boolean, isBool := v.Bool()
	switch want := want.(type) {
	case string:
		if !isStr || str != want {
			t.Fatalf("Str of %q = %q, %v, want %q", v.Raw(), str, isStr, want)
		}
	case json.Number:
		wantInt, err := strconv.ParseInt(string(want), 10, 64)
		if isInt != (err == nil) || isInt && integer != wantInt {
			t.Fatalf("Int of %q = %v, %v, want %v, %v", v.Raw(), integer, isInt, wantInt, err)
		}
		wantFloat, err := strconv.ParseFloat(string(want), 64)
		if isFloat != (err == nil) || isFloat && float != wantFloat {
			t.Fatalf("Float of %q = %v, %v, want %v, %v", v.Raw(), float, isFloat, wantFloat, err)
		}
	case bool:
		if !isBool || boolean != want {
			t.Fatalf("Bool of %q = %v, %v, want %v", v.Raw(), boolean, isBool, want)
		}
	case nil:
		if !v.IsNull() {
			t.Fatalf("IsNull of %q = false", v.Raw())
		}
	case []any:
		i := 0
		for e := range v.Elements() {
			if i == len(want) {
				t.Fatalf("%q has more than %d elements", v.Raw(), i)
			}
			compare(t, e, want[i])
			i++
		}
		if i < len(want) {
			t.Fatalf("%q has %d elements, want %d", v.Raw(), i, len(want))
		}
	case map[string]any:
		seen := map[string]bool{}
		for name, e := range v.Members() {
			if !seen[name] {
				compare(t, e, want[name])
				compare(t, v.Get(name), want[name])
			}
			seen[name] = true
		}
		if len(seen) != len(want) {
			t.Fatalf("%q has %d keys, want %d", v.Raw(), len(seen), len(want))
		}
	}
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1}`, `{"a":{"b":[1,2.5,-1e3,null,true,"x\u0041\ud83d\ude00"]},"a":2}`, ` { "" : [ ] , "é" : { } } `,
		`{"a":[[[{"b":"]}"}]]],"c":"\\\""}`, `{"long key of more than eight bytes":[0,0,0,0,0,0,0,0,0,0,0,0,1.5e9],"x":"` + strings.Repeat("y", 100) + `"}`,
		`{"a":[1,2}`, `{"a":"\ud800"}`, "{\"a\xff\":\"\xff\"}", `{"a":tru}`, `[1]`, `{"a":1}{`,
	} {
		f.Add([]byte(s), "a")
	}
	f.Fuzz(func(t *testing.T, value []byte, name string) {
		rec := storage.NewRecord(nil, value, storage.Dims{})
		v := rec.Get(name)
		v.Raw()
		v.Str()
		for _, e := range v.Members() {
			e.Raw()
			e.Float()
		}
		for e := range v.Elements() {
			e.Get(name).Int()
		}
		if !json.Valid(value) {
			if !rec.Get().Exists() && rec.Err() == nil {
				t.Fatalf("%q: no object and no error", value)
			}
			return
		}
		object, ok := firstWins(value).(map[string]any)
		if !ok {
			if rec.Get().Exists() || rec.Err() == nil {
				t.Fatalf("%q is an object", value)
			}
			return
		}
		compare(t, rec.Get(), object)
		if want, ok := object[name]; ok != v.Exists() {
			t.Fatalf("Get(%q) of %q exists: %v", name, value, !ok)
		} else if ok {
			compare(t, v, want)
		}
		if err := rec.Err(); err != nil {
			t.Fatalf("%q is valid, but: %v", value, err)
		}
	})
}
