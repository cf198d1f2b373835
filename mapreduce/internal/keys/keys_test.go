package keys_test

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce/internal/keys"
)

type channel string

type place struct {
	Country string
	zip     [3]byte
}

// every has a field of each kind.
type every struct {
	S string
	place
	Deep struct{ C channel }
	B    bool
	I    int
	I8   int8
	I16  int16
	I32  int32
	I64  int64
	U    uint
	U8   uint8
	U16  uint16
	U32  uint32
	U64  uint64
	F32  float32
	_    int
	F64  float64
	N    float64 `mr:"order"`
	At   place   `mr:"order"`
}

func codec[K comparable](t testing.TB) *keys.Codec[K] {
	t.Helper()
	c, err := keys.For[K]()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// text makes strings that differ late and hold the bytes that are escaped.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringOf(rapid.SampledFrom([]rune{0, 1, 2, 'a', 'b', 0xff, 'é'})),
		rapid.StringN(0, 40, -1),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 24), func(b []byte) string { return string(b) }),
	)
}

func floats() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.SampledFrom([]float64{
			0, math.Copysign(0, -1), 1, -1, math.NaN(), math.Inf(1), math.Inf(-1),
			math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.MaxFloat64, math.Float64frombits(1<<63 | 0x7ff8<<48 | 1),
		}),
		rapid.Float64(),
	)
}

func everyKey() *rapid.Generator[every] {
	return rapid.Custom(func(t *rapid.T) every {
		var k every
		few := rapid.SampledFrom([]string{"", "a", "ab", "a\x00", "a\x01", "\x00"})
		draw := func() string {
			if rapid.Bool().Draw(t, "few") {
				return few.Draw(t, "s")
			}
			return text().Draw(t, "s")
		}
		k.S, k.Country, k.Deep.C, k.At.Country = draw(), draw(), channel(draw()), draw()
		copy(k.zip[:], rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "zip"))
		k.B = rapid.Bool().Draw(t, "b")
		k.I, k.I8, k.I16 = rapid.Int().Draw(t, "i"), rapid.Int8().Draw(t, "i8"), rapid.Int16().Draw(t, "i16")
		k.I32, k.I64 = rapid.Int32().Draw(t, "i32"), rapid.Int64().Draw(t, "i64")
		k.U, k.U8, k.U16 = rapid.Uint().Draw(t, "u"), rapid.Uint8().Draw(t, "u8"), rapid.Uint16().Draw(t, "u16")
		k.U32, k.U64 = rapid.Uint32().Draw(t, "u32"), rapid.Uint64().Draw(t, "u64")
		k.F64, k.F32 = floats().Draw(t, "f64"), float32(floats().Draw(t, "f32"))
		k.N = floats().Draw(t, "n")
		return k
	})
}

// compareFloat is the order that keys promise: -0 = +0, NaNs equal and last.
func compareFloat[F float32 | float64](a, b F) int {
	switch aNaN, bNaN := a != a, b != b; {
	case aNaN && bNaN:
		return 0
	case aNaN:
		return 1
	case bNaN:
		return -1
	}
	return cmp.Compare(a, b)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func comparePlace(a, b place) int {
	return cmp.Or(cmp.Compare(a.Country, b.Country), bytes.Compare(a.zip[:], b.zip[:]))
}

func compareGroup(a, b every) int {
	return cmp.Or(
		cmp.Compare(a.S, b.S), comparePlace(a.place, b.place), cmp.Compare(a.Deep.C, b.Deep.C), compareBool(a.B, b.B),
		cmp.Compare(a.I, b.I), cmp.Compare(a.I8, b.I8), cmp.Compare(a.I16, b.I16), cmp.Compare(a.I32, b.I32), cmp.Compare(a.I64, b.I64),
		cmp.Compare(a.U, b.U), cmp.Compare(a.U8, b.U8), cmp.Compare(a.U16, b.U16), cmp.Compare(a.U32, b.U32), cmp.Compare(a.U64, b.U64),
		compareFloat(a.F32, b.F32), compareFloat(a.F64, b.F64),
	)
}

func compareEvery(a, b every) int {
	return cmp.Or(compareGroup(a, b), compareFloat(a.N, b.N), comparePlace(a.At, b.At))
}

// TestOrder: encoded keys sort as the keys do, and decode to what they were.
func TestOrder(t *testing.T) {
	c := codec[every](t)
	rapid.Check(t, func(t *rapid.T) {
		a := everyKey().Draw(t, "a")
		b := a
		if rapid.Bool().Draw(t, "unlike") {
			b = everyKey().Draw(t, "b")
		} else { // alike but for a late field or two
			other := everyKey().Draw(t, "b")
			switch rapid.IntRange(0, 4).Draw(t, "field") {
			case 0:
				b.F64, b.N = other.F64, other.N
			case 1:
				b.At = other.At
			case 2:
				b.Deep = other.Deep
			case 3:
				b.I, b.F32 = other.I, other.F32
			case 4:
				b.S = a.S + other.S
			}
		}
		ea, eb := c.Append(nil, &a), c.Append(nil, &b)
		if got, want := bytes.Compare(ea, eb), compareEvery(a, b); got != want {
			t.Fatalf("order of the encoded keys is %d, of the keys %d:\n%x\n%x", got, want, ea, eb)
		}
		ga, err := c.GroupLen(ea)
		if err != nil {
			t.Fatal(err)
		}
		gb, err := c.GroupLen(eb)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := bytes.HasPrefix(eb, ea[:ga]), compareGroup(a, b) == 0; got != want {
			t.Fatalf("group of a is a prefix of b: %v, want %v", got, want)
		}
		if got, want := bytes.Equal(ea[:ga], eb[:gb]), compareGroup(a, b) == 0; got != want {
			t.Fatalf("groups are equal: %v, want %v", got, want)
		}
		back, err := c.Decode(ea)
		if err != nil {
			t.Fatal(err)
		}
		if compareEvery(a, back) != 0 {
			t.Fatalf("Decode = %+v, want %+v", back, a)
		}
	})
}

// TestStrings: a key may be a bare string, of any bytes and length.
func TestStrings(t *testing.T) {
	c := codec[string](t)
	rapid.Check(t, func(t *rapid.T) {
		a, b := text().Draw(t, "a"), text().Draw(t, "b")
		ea, eb := c.Append([]byte("x"), &a)[1:], c.Append(nil, &b)
		if got, want := bytes.Compare(ea, eb), strings.Compare(a, b); got != want {
			t.Fatalf("order of encoded %q and %q = %d, want %d", a, b, got, want)
		}
		if a != b && (bytes.HasPrefix(ea, eb) || bytes.HasPrefix(eb, ea)) {
			t.Fatalf("one of encoded %q and %q is a prefix of the other", a, b)
		}
		if back, err := c.Decode(ea); err != nil || back != a {
			t.Fatalf("Decode = %q, %v, want %q", back, err, a)
		}
		if n, err := c.GroupLen(ea); err != nil || n != len(ea) {
			t.Fatalf("GroupLen = %d, %v, want %d", n, err, len(ea))
		}
	})
}

func TestNamesAndCells(t *testing.T) {
	c := codec[every](t)
	want := []string{
		"S", "Country", "zip", "Deep.C", "B", "I", "I8", "I16", "I32", "I64", "U", "U8", "U16", "U32", "U64",
		"F32", "F64", "N", "At.Country", "At.zip",
	}
	if got := c.Names(); !slices.Equal(got, want) {
		t.Errorf("Names = %q, want %q", got, want)
	}
	if !c.Ordered() {
		t.Error("Ordered = false, want true")
	}
	k := every{
		S: "s", place: place{"c", [3]byte{1, 2, 3}}, B: true, I: 1, I8: 2, I16: 3, I32: 4, I64: 5,
		U: 6, U8: 7, U16: 8, U32: 9, U64: 10, F32: 11.5, F64: 12.5, N: 13, At: place{Country: "d"},
	}
	k.Deep.C = "nightly"
	cells := []any{
		"s", "c",
		[3]byte{1, 2, 3},
		"nightly", true, 1, int8(2), int16(3), int32(4), int64(5),
		uint(6), uint8(7), uint16(8), uint32(9), uint64(10), float32(11.5), 12.5, 13.0, "d",
		[3]byte{},
	}
	if got := texts(c.Cells(&k, nil)); !slices.Equal(got, cells) {
		t.Errorf("Cells = %#v\nwant    %#v", got, cells)
	}
	bare := codec[channel](t)
	ch := channel("beta")
	if got := texts(bare.Cells(&ch, []any{1})); !slices.Equal(got, []any{1, "beta"}) {
		t.Errorf("Cells = %#v, want 1, beta", got)
	}
	if got := bare.Names(); !slices.Equal(got, []string{"key"}) || bare.Ordered() {
		t.Errorf("Names, Ordered = %q, %v, want key, false", got, bare.Ordered())
	}
}

// texts puts the strings that cells point to in their place.
func texts(cells []any) []any {
	for i, c := range cells {
		if s, ok := c.(*string); ok {
			cells[i] = *s
		}
	}
	return cells
}

type day int

func (d day) MarshalText() ([]byte, error) { return []byte("day " + string(rune('0'+d))), nil }

// TestTextCells: a type that has a text form of its own keeps it in the output.
func TestTextCells(t *testing.T) {
	c := codec[day](t)
	d := day(3)
	if got := c.Cells(&d, nil); !slices.Equal(got, []any{day(3)}) {
		t.Errorf("Cells = %#v, want day(3)", got)
	}
}

func TestEmptyStruct(t *testing.T) {
	c := codec[struct{}](t)
	if got := c.Append(nil, &struct{}{}); len(got) != 0 {
		t.Errorf("Append = %x, want nothing", got)
	}
	if _, err := c.Decode(nil); err != nil {
		t.Error(err)
	}
}

func TestForErrors(t *testing.T) {
	type inner struct{ P *int }
	check := func(name string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("For[%s] = %v, want an error with %q", name, err, want)
		}
	}
	_, err := keys.For[*int]()
	check("*int", err, "key *int: type: *int cannot be part of a key")
	_, err = keys.For[any]()
	check("any", err, "cannot be part of a key")
	_, err = keys.For[[2]int]()
	check("[2]int", err, "[2]int cannot be part of a key")
	_, err = keys.For[struct{ A, B inner }]()
	check("nested", err, "field A.P: *int cannot")
	_, err = keys.For[struct {
		A int `mr:"order"`
		B int
	}]()
	check("order first", err, "field B is not tagged mr:\"order\" but follows A")
	_, err = keys.For[struct {
		A int `mr:"ordered"`
	}]()
	check("tag", err, `field A: unknown tag mr:"ordered"`)
}

func TestDecodeErrors(t *testing.T) {
	type key struct {
		S string
		B bool
		F float64
	}
	c := codec[key](t)
	good := c.Append(nil, &key{"ab", true, 1})
	for i := range good {
		if _, err := c.Decode(good[:i]); err == nil {
			t.Errorf("Decode of %d bytes of %d: no error", i, len(good))
		}
		if n, err := c.GroupLen(good[:i]); err == nil && n > i {
			t.Errorf("GroupLen of %d bytes = %d", i, n)
		}
	}
	for _, bad := range []string{
		string(good) + "\x00",                        // longer
		"\x01\x03\x00\x01" + string(good[4:]),        // escape of a byte that needs none
		"a\x01\x00\x01" + string(good[4:]),           // escape at the end
		"ab\x00\x02" + string(good[4:]),              // bool
		"ab\x00\x01\x7f" + strings.Repeat("\xff", 7), // -0
	} {
		if k, err := c.Decode([]byte(bad)); err == nil {
			t.Errorf("Decode(%q) = %+v, want an error", bad, k)
		}
	}
}

func TestAppendAllocs(t *testing.T) {
	c := codec[fiveStrings](t)
	dst := make([]byte, 0, 256)
	k := fiveKey
	if n := testing.AllocsPerRun(100, func() { dst = c.Append(dst[:0], &k) }); n != 0 {
		t.Errorf("Append allocates %v times, want 0", n)
	}
}

func FuzzKeysDecode(f *testing.F) {
	c := codec[every](f)
	s := codec[string](f)
	zero := every{}
	f.Add(c.Append(nil, &zero))
	f.Add([]byte("a\x01\x01\x01\x02\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := c.Decode(b); err == nil {
			if back := c.Append(nil, &k); !bytes.Equal(back, b) {
				t.Errorf("Decode took %x, Append gave %x", b, back)
			}
			if n, err := c.GroupLen(b); err != nil || n > len(b) {
				t.Errorf("GroupLen = %d, %v", n, err)
			}
		}
		if k, err := s.Decode(b); err == nil {
			if back := s.Append(nil, &k); !bytes.Equal(back, b) {
				t.Errorf("Decode took %x, Append gave %x", b, back)
			}
		}
		_, _ = c.GroupLen(b)
	})
}
