package values_test

import (
	"bytes"
	"encoding"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/mapreduce/internal/values"
)

type name string

type leaf struct {
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
	F64  float64
	S    name
	_    int
	None struct{}
}

// tree has each composite form, around others.
type tree struct {
	Leaf   leaf
	P      *leaf
	PP     **int
	Raw    []byte
	Names  []name
	Floats []float64
	Ints   []int
	Int64s []int64
	Uints  []uint64
	Bools  []bool
	Nested [][]*int16
	Leaves []leaf
	Nones  []struct{}
	Pair   [2][]string
	Map    map[name]int
	Deep   map[[2]int8]map[string][]float64
	Set    map[uint16]struct{}
	Own    fraction
	Owns   map[string]*fraction
	When   time.Time
}

// fraction has a binary form of its own and unexported fields.
type fraction struct {
	n, d int8
	text []byte
}

func (f fraction) AppendBinary(b []byte) ([]byte, error) {
	if f.n < 0 {
		return append(b, "junk"...), errNegative
	}
	return append(append(b, byte(f.n), byte(f.d)), f.text...), nil
}

func (f *fraction) UnmarshalBinary(b []byte) error {
	if len(b) < 2 {
		return errNegative
	}
	*f = fraction{int8(b[0]), int8(b[1]), append(f.text, b[2:]...)}
	return nil
}

var errNegative = errors.New("negative fraction")

func codec[V any](t testing.TB) *values.Codec[V] {
	t.Helper()
	c, err := values.For[V]()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fractions() *rapid.Generator[fraction] {
	return rapid.Custom(func(t *rapid.T) fraction {
		f := fraction{n: rapid.Int8Range(0, 127).Draw(t, "n"), d: rapid.Int8().Draw(t, "d")}
		if n := rapid.SampledFrom([]int{0, 0, 1, 130, 20000}).Draw(t, "text"); n > 0 {
			f.text = bytes.Repeat([]byte{7}, n)
		}
		return f
	})
}

func trees() *rapid.Generator[tree] {
	return rapid.Custom(func(t *rapid.T) tree {
		var v tree
		v.Leaf = rapid.Make[leaf]().Draw(t, "leaf")
		v.P, v.PP = rapid.Make[*leaf]().Draw(t, "p"), rapid.Make[**int]().Draw(t, "pp")
		v.Raw = maybe(t, rapid.SliceOf(rapid.Byte()))
		v.Names = maybe(t, rapid.SliceOf(rapid.Make[name]()))
		v.Floats = maybe(t, rapid.SliceOf(rapid.Float64()))
		v.Ints = maybe(t, rapid.SliceOf(rapid.Int()))
		v.Int64s = maybe(t, rapid.SliceOf(rapid.Int64()))
		v.Uints = maybe(t, rapid.SliceOf(rapid.Uint64()))
		v.Bools = maybe(t, rapid.SliceOf(rapid.Bool()))
		v.Nested = maybe(t, rapid.Make[[][]*int16]())
		v.Leaves = maybe(t, rapid.SliceOfN(rapid.Make[leaf](), 0, 3))
		v.Nones = make([]struct{}, rapid.IntRange(0, 1000).Draw(t, "nones"))
		v.Pair = [2][]string{nil, maybe(t, rapid.SliceOf(rapid.String()))}
		v.Map = rapid.Make[map[name]int]().Draw(t, "map")
		v.Deep = rapid.Make[map[[2]int8]map[string][]float64]().Draw(t, "deep")
		v.Set = rapid.Make[map[uint16]struct{}]().Draw(t, "set")
		v.Own = fractions().Draw(t, "own")
		for k, f := range rapid.MapOf(rapid.String(), fractions()).Draw(t, "owns") {
			if v.Owns == nil {
				v.Owns = map[string]*fraction{}
			}
			v.Owns[k] = &f
		}
		v.When = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "when"), 0).UTC()
		return v
	})
}

// maybe draws nil as often as an empty or full slice.
func maybe[S ~[]E, E any](t *rapid.T, g *rapid.Generator[S]) S {
	if rapid.Bool().Draw(t, "nil") {
		return nil
	}
	return g.Draw(t, "slice")
}

// TestRoundTrip: a value, its decoded form and its clone are equal, nil and
// empty told apart, and decoding anew leaves earlier ones alone.
func TestRoundTrip(t *testing.T) {
	c := codec[tree](t)
	var borrowed, reused tree
	rapid.Check(t, func(t *rapid.T) {
		v := trees().Draw(t, "v")
		enc, err := c.Append([]byte("x"), &v)
		if err != nil {
			t.Fatal(err)
		}
		enc = enc[1:]
		before := reused
		was, err := c.Append(nil, &before)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Decode(enc, &reused); err != nil {
			t.Fatal(err)
		}
		equal(t, "Decode", v, reused)
		if err := c.BorrowDecode(enc, &borrowed); err != nil {
			t.Fatal(err)
		}
		equal(t, "BorrowDecode", v, borrowed)
		is, err := c.Append(nil, &before)
		if err != nil || !bytes.Equal(was, is) {
			t.Fatalf("Decode changed the value decoded before (%v)", err)
		}
		kept := c.Clone(borrowed)
		clear(enc)
		equal(t, "Clone", v, kept)
		equal(t, "Decode", v, reused) // does not alias enc
		again, err := c.Append(nil, &kept)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Decode(again, &v); err != nil {
			t.Fatal(err)
		}
	})
}

func equal[V any](t *rapid.T, what string, want, got V) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%s = %+v\nwant %+v", what, got, want)
	}
}

// TestWhole: values of one simple type, at their edges.
func TestWhole(t *testing.T) {
	whole(t, 0, 1, -1, 63, 64, -64, -65, math.MaxInt, math.MinInt)
	whole(t, int8(0), -128, 127)
	whole(t, int16(0), -128, 8191, 8192, math.MaxInt16, math.MinInt16)
	whole[uint64](t, 0, 127, 128, 16383, 16384, math.MaxUint64)
	whole(t, 0.0, math.Copysign(0, -1), math.Inf(1), math.NaN(), math.Float64frombits(0x7ff8<<48|5))
	whole(t, float32(1.5), float32(math.NaN()))
	whole(t, complex(1, math.Copysign(0, -1)))
	whole(t, complex64(complex(1, -2)))
	whole(t, true, false)
	whole(t, "", "a\x00b", strings.Repeat("x", 300))
	whole(t, []byte(nil), []byte{}, []byte("abc"))
	whole(t, []string(nil), []string{}, []string{"", "a"})
	whole(t, []struct{}(nil), make([]struct{}, 5))
	whole(t, struct{}{})
	whole(t, map[float64]int{math.NaN(): 1, 2: 3}, nil, map[float64]int{})
	whole(t, map[struct{}]struct{}{{}: {}}, map[struct{}]struct{}{})
	whole(t, fraction{1, 2, nil}, fraction{0, 0, []byte("x")})
	whole(t, &fraction{1, 2, nil}, nil)
	whole(t, time.Unix(5, 6).UTC())
}

func whole[V any](t *testing.T, all ...V) {
	t.Helper()
	c := codec[V](t)
	for _, v := range all {
		enc, err := c.Append(nil, &v)
		if err != nil {
			t.Fatal(err)
		}
		var back V
		if err := c.Decode(enc, &back); err != nil {
			t.Errorf("Decode of %#v: %v", v, err)
		}
		again, err := c.Append(nil, &back)
		if err != nil || !bytes.Equal(enc, again) {
			t.Errorf("%#v became %#v: %x, then %x (%v)", v, back, enc, again, err)
		}
		kept := c.Clone(v)
		if got, err := c.Append(nil, &kept); err != nil || !bytes.Equal(enc, got) {
			t.Errorf("Clone of %#v is %#v (%v)", v, kept, err)
		}
	}
}

// TestMapBytes: equal maps give equal bytes, whatever their history.
func TestMapBytes(t *testing.T) {
	c := codec[map[string][]int](t)
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.StringN(0, 3, -1), rapid.SliceOf(rapid.Int())).Draw(t, "m")
		other := make(map[string][]int)
		for range 50 {
			other[strings.Repeat("x", len(other))] = nil
		}
		clear(other)
		for k, v := range m {
			other[k] = v
		}
		a, _ := c.Append(nil, &m)
		b, _ := c.Append(nil, &other)
		if !bytes.Equal(a, b) {
			t.Fatalf("equal maps, unequal bytes:\n%x\n%x", a, b)
		}
	})
}

// TestBorrow: only a Borrower may point into the encoded form.
func TestBorrow(t *testing.T) {
	c := codec[[]byte](t)
	v := []byte("abc")
	enc, _ := c.Append(nil, &v)
	var got []byte
	if err := c.BorrowDecode(enc, &got); err != nil {
		t.Fatal(err)
	}
	l := codec[lender](t)
	lentForm, _ := l.Append(nil, &lender{v})
	var lent lender
	if err := l.BorrowDecode(lentForm, &lent); err != nil {
		t.Fatal(err)
	}
	enc[len(enc)-1], lentForm[len(lentForm)-1] = 'x', 'x'
	if string(got) != "abc" || string(lent.text) != "abx" {
		t.Errorf("BorrowDecode of a slice gave %q, of a Borrower %q", got, lent.text)
	}
}

// TestOwned: what could share memory with another value is copied, unless its type has a Clone.
func TestOwned(t *testing.T) {
	v := []int64{1}
	if got := codec[[]int64](t).Owned(v); &got[0] == &v[0] {
		t.Error("Owned of a slice is the slice")
	}
	type holder struct{ B []byte }
	h := holder{[]byte("abc")}
	if got := codec[holder](t).Owned(h); &got.B[0] == &h.B[0] {
		t.Error("Owned of a struct has its slice")
	}
	if got := codec[doubled](t).Owned(doubled{2}); got.N != 2 {
		t.Errorf("Owned = %v, want the value as it was", got)
	}
}

type doubled struct{ N int }

func (d doubled) Clone() doubled { return doubled{2 * d.N} }

// lender notes how it was decoded.
type lender struct{ text []byte }

func (l lender) AppendBinary(b []byte) ([]byte, error) { return append(b, l.text...), nil }
func (l *lender) UnmarshalBinary(b []byte) error       { l.text = bytes.Clone(b); return nil }
func (l *lender) UnmarshalBinaryBorrow(b []byte) error { l.text = b; return nil }

// TestOwnMethods: methods of the type itself are preferred.
func TestOwnMethods(t *testing.T) {
	if got := codec[doubled](t).Clone(doubled{2}); got.N != 4 {
		t.Errorf("Clone = %v, want the type's own, 4", got.N)
	}
	c := codec[lender](t)
	enc, _ := c.Append(nil, &lender{[]byte("abc")})
	var kept, lent lender
	if err := errors.Join(c.Decode(enc, &kept), c.BorrowDecode(enc, &lent)); err != nil {
		t.Fatal(err)
	}
	copied := c.Clone(lent)
	clear(enc)
	if string(kept.text) != "abc" || string(copied.text) != "abc" || string(lent.text) != "\x00\x00\x00" {
		t.Errorf("kept %q, copied %q, lent %q", kept.text, copied.text, lent.text)
	}
}

func TestPointerFree(t *testing.T) {
	for _, tt := range []struct {
		name string
		got  bool
		want bool
	}{
		{"int", codec[int](t).PointerFree(), true},
		{"struct", codec[leafless](t).PointerFree(), true},
		{"string", codec[string](t).PointerFree(), false},
		{"[0]string", codec[[0]string](t).PointerFree(), true},
		{"tree", codec[tree](t).PointerFree(), false},
	} {
		if tt.got != tt.want {
			t.Errorf("PointerFree of %s = %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

type leafless struct {
	A [3]float64
	B struct{ C bool }
}

type list struct{ Next *list }

// embedding has the binary form of its embedded field, without N.
type embedding struct {
	fraction
	N int
}

// overriding has one of its own.
type overriding struct {
	fraction
	N int8
}

func (o overriding) AppendBinary(b []byte) ([]byte, error) {
	return o.fraction.AppendBinary(append(b, byte(o.N)))
}

func (o *overriding) UnmarshalBinary(b []byte) error {
	o.N = int8(b[0])
	return o.fraction.UnmarshalBinary(b[1:])
}

var (
	_ encoding.BinaryUnmarshaler = (*embedding)(nil)
	_ encoding.BinaryAppender    = embedding{}
)

func TestForErrors(t *testing.T) {
	check := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("For = %v, want an error with %q", err, want)
		}
	}
	_, err := values.For[chan int]()
	check(err, "value chan int: chan int has no binary form")
	_, err = values.For[struct{ A []func() }]()
	check(err, "field A: func() has no binary form")
	_, err = values.For[struct{ A struct{ B any } }]()
	check(err, "field A.B: interface {} has no binary form")
	_, err = values.For[struct{ n int }]()
	check(err, "field n: unexported")
	_, err = values.For[*big.Int]()
	check(err, "field neg: unexported, and big.Int has no AppendBinary")
	_, err = values.For[list]()
	check(err, "field Next: values_test.list refers to itself")
	_, err = values.For[[]struct{ _ int }]()
	check(err, "have nothing to encode")
	_, err = values.For[embedding]()
	check(err, "gets its binary form from the embedded values_test.fraction")
	whole(t, overriding{fraction{1, 2, nil}, 3})
}

func TestAppendError(t *testing.T) {
	c := codec[map[string][]fraction](t)
	v := map[string][]fraction{"a": {{n: 1}, {n: -1}}}
	if b, err := c.Append([]byte("abc"), &v); !errors.Is(err, errNegative) || string(b) != "abc" {
		t.Errorf("Append = %q, %v, want abc and the error of fraction", b, err)
	}
	d := codec[fraction](t)
	if b, err := d.Append([]byte("abc"), &fraction{n: -1}); !errors.Is(err, errNegative) || string(b) != "abc" {
		t.Errorf("Append = %q, %v, want abc and the error of fraction", b, err)
	}
}

// TestDecodeErrors: what is cut short, too long or out of order is refused.
func TestDecodeErrors(t *testing.T) {
	c := codec[tree](t)
	v := rapid.Custom(func(t *rapid.T) tree { return trees().Draw(t, "v") }).Example(1)
	enc, err := c.Append(nil, &v)
	if err != nil {
		t.Fatal(err)
	}
	var back tree
	for i := range enc {
		if c.Decode(enc[:i], &back) == nil {
			t.Errorf("Decode of %d bytes of %d: no error", i, len(enc))
		}
	}
	if c.Decode(append(enc, 0), &back) == nil {
		t.Error("Decode of one byte more: no error")
	}
	refuse[[]int64](t, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f")
	refuse[[]struct{}](t, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f")
	refuse[map[struct{}]struct{}](t, "\x03")
	refuse[map[int8]bool](t, "\x03\x02\x00\x01\x00") // out of order
	refuse[map[int8]bool](t, "\x03\x01\x00\x01\x00") // twice
	refuse[bool](t, "\x02")
	refuse[int16](t, "\x80\x80\x08")
	refuse[uint32](t, "\x80\x80\x80\x80\x20")
	refuse[int](t, "\x80\x00") // a longer form of 0
	refuse[int](t, "")
	refuse[*int](t, "\x02\x00")
	refuse[[]byte](t, "\x02\x00")
}

func refuse[V any](t *testing.T, b string) {
	t.Helper()
	var v V
	if err := codec[V](t).Decode([]byte(b), &v); err == nil {
		t.Errorf("Decode(%q) = %#v, want an error", b, v)
	}
}

func FuzzValuesDecode(f *testing.F) {
	c := codec[tree](f)
	lists := codec[[]map[string][][]*[]bool](f)
	for i := range 5 {
		v := rapid.Custom(func(t *rapid.T) tree { return trees().Draw(t, "v") }).Example(i)
		enc, err := c.Append(nil, &v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(enc)
	}
	f.Add([]byte("\x02\x02\x01a\x02\x02\x02\x01\x02\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v, w tree
		if err := c.Decode(b, &v); err == nil {
			if _, err := c.Append(nil, &v); err != nil && !errors.Is(err, errNegative) {
				t.Errorf("decoded, but does not encode: %v", err)
			}
		}
		_ = c.BorrowDecode(b, &w)
		var l []map[string][][]*[]bool
		if err := lists.Decode(b, &l); err == nil {
			if again, err := lists.Append(nil, &l); err != nil || !bytes.Equal(again, b) {
				t.Errorf("Decode took %x, Append gave %x (%v)", b, again, err)
			}
		}
	})
}
