package histogram_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/telemetry-mr/mr/storage"
	"github.com/telemetry-mr/mr/storage/histogram"
)

func parse(t interface{ Fatalf(string, ...any) }, text string) histogram.Array {
	a, _, size := histogram.ParseText(nil, []byte(text))
	if size != len(text) {
		t.Fatalf("%s is refused", text)
	}
	return a
}

// elements makes the text of one element: mostly small counts, now and then
// anything that JSON allows.
func elements() *rapid.Generator[string] {
	count := rapid.Custom(func(t *rapid.T) string {
		return strconv.Itoa(rapid.IntRange(0, rapid.SampledFrom([]int{0, 0, 0, 9, 99, 1234567890}).Draw(t, "most")).Draw(t, "n"))
	})
	odd := rapid.OneOf(
		rapid.SampledFrom([]string{
			"-1", "null", "0.0", "-0", "-0.0", "0.5", "0e5", "1e3", "1E-7", "1e+2", "-1.5e-3", "9223372036854775807", "-9223372036854775808",
			"9223372036854775808", "18446744073709551616", "123456789012345678901234567890", "12345678", "1234567", "123456789",
			"337.73630714416504", "873.474196434021", "9007199254740993", "0.1234567890123456789", "1.7976931348623157e308", "5e-324", "1e-400",
			"4503599627370497.5", "9007199254740992.5", "9007199254740993.00000000000001", "1000000000000000000.0", "0.000000000000000001",
		}),
		rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }),
		rapid.Map(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64), func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }),
		rapid.Custom(func(t *rapid.T) string {
			m := rapid.Uint64().Draw(t, "m") >> rapid.IntRange(0, 63).Draw(t, "shift")
			s := fmt.Sprintf("%020d", m)
			point := rapid.IntRange(1, 19).Draw(t, "point")
			whole := strings.TrimLeft(s[:point], "0")
			if whole == "" {
				whole = "0"
			}
			return whole + "." + s[point:]
		}),
	)
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 7).Draw(t, "odd") == 0 {
			return odd.Draw(t, "element")
		}
		return count.Draw(t, "element")
	})
}

// arrayTexts makes arrays with separators that are mostly the usual two.
func arrayTexts(lengths ...int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := rapid.SampledFrom(lengths).Draw(t, "length")
		all := rapid.SliceOfN(elements(), n, n).Draw(t, "elements")
		separator := rapid.SampledFrom([]string{",", ",", ",", ", ", ", ", ", ", " ,", ",  ", "\t,\n"}).Draw(t, "separator")
		pad := rapid.SampledFrom([]string{"", "", "", " ", "\r\n"}).Draw(t, "pad")
		return "[" + pad + strings.Join(all, separator) + pad + "]"
	})
}

// naive adds arrays of one length by math/big and returns the JSON of the sum.
func naive(t *rapid.T, texts []string) string {
	var sums []*big.Rat
	for _, text := range texts {
		var all []*json.Number
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for len(sums) < len(all) {
			sums = append(sums, new(big.Rat))
		}
		for i, n := range all {
			if n == nil {
				continue
			}
			if v, err := n.Int64(); err == nil {
				sums[i].Add(sums[i], new(big.Rat).SetInt64(v))
				continue
			}
			x, err := n.Float64()
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			sums[i].Add(sums[i], new(big.Rat).SetFloat64(x))
		}
	}
	var cells []string
	for _, sum := range sums {
		if sum.IsInt() && sum.Num().IsInt64() {
			cells = append(cells, sum.Num().String())
			continue
		}
		x, _ := sum.Float64()
		b, err := json.Marshal(x)
		if err != nil {
			return "too large"
		}
		cells = append(cells, string(b))
	}
	return "[" + strings.Join(cells, ",") + "]"
}

func textOf(a histogram.Array) string {
	b, err := json.Marshal(a)
	if err != nil {
		return "too large"
	}
	return string(b)
}

// TestAddExact: a sum is that of math/big.
func TestAddExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{0, 1, 5, 8, 20, 55, 70}).Draw(t, "n")
		texts := rapid.SliceOfN(arrayTexts(n), 1, 4).Draw(t, "texts")
		var sum histogram.Array
		for _, text := range texts {
			histogram.Add(&sum, parse(t, text))
		}
		if got, want := textOf(sum), naive(t, texts); got != want {
			t.Fatalf("sum of %q\n     = %s\nwant   %s", texts, got, want)
		}
		if sum.N() != int64(len(texts)) || sum.Len() != n || sum.Buckets() != max(0, n-5) {
			t.Fatalf("N, Len, Buckets = %d, %d, %d", sum.N(), sum.Len(), sum.Buckets())
		}
		if one := parse(t, texts[0]); textOf(one) != naive(t, texts[:1]) {
			t.Fatalf("%s reads as %s", texts[0], one)
		}
	})
}

// tree adds texts through partial sums of drawn shape, some of which go through
// their binary form or are clones.
func tree(t *rapid.T, texts []string) histogram.Array {
	var sum histogram.Array
	switch rapid.IntRange(0, 3).Draw(t, "shape") {
	case 0:
		for _, text := range texts {
			histogram.Add(&sum, parse(t, text))
		}
	case 1:
		if len(texts) > 0 {
			sum = parse(t, texts[0]).Clone() // as an engine begins
			for _, text := range texts[1:] {
				histogram.Add(&sum, parse(t, text))
			}
		}
	default:
		if len(texts) < 2 {
			return tree(t, texts)
		}
		cut := rapid.IntRange(0, len(texts)).Draw(t, "cut")
		sum = tree(t, texts[:cut])
		right := tree(t, texts[cut:])
		before := binaryOf(t, right)
		histogram.Add(&sum, right)
		if !bytes.Equal(before, binaryOf(t, right)) {
			t.Fatal("Add changed its argument")
		}
	}
	switch rapid.IntRange(0, 3).Draw(t, "form") {
	case 0:
		var back histogram.Array
		b := binaryOf(t, sum)
		if err := back.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		clear(b)
		return back
	case 1:
		var back histogram.Array
		if err := back.UnmarshalBinaryBorrow(binaryOf(t, sum)); err != nil {
			t.Fatal(err)
		}
		return back
	case 2:
		kept := sum.Clone()
		histogram.Add(&sum, parse(t, "[1]"))
		return kept
	}
	return sum
}

func binaryOf(t interface{ Fatal(...any) }, a histogram.Array) []byte {
	b, err := a.AppendBinary([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	return b[1:]
}

// TestAddLaws: arrays of any mix of lengths may be added in any order and
// grouping: the sum has the same bytes.
func TestAddLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(arrayTexts(0, 3, 8, 9, 70), 0, 6).Draw(t, "texts")
		a := tree(t, texts)
		b := tree(t, rapid.Permutation(texts).Draw(t, "permutation"))
		if !bytes.Equal(binaryOf(t, a), binaryOf(t, b)) || textOf(a) != textOf(b) || a.N() != b.N() || a.Len() != b.Len() {
			t.Fatalf("sums of %q differ:\n%s, %x\n%s, %x", texts, a, binaryOf(t, a), b, binaryOf(t, b))
		}
		var parts histogram.Array
		for one := range a.ByLength() {
			histogram.Add(&parts, one)
		}
		if !bytes.Equal(binaryOf(t, a), binaryOf(t, parts)) {
			t.Fatalf("ByLength of %s adds up to %s", a, parts)
		}
		if len(texts) > 0 {
			histogram.Add(&a, a)
			histogram.Add(&b, b.Clone())
			if !bytes.Equal(binaryOf(t, a), binaryOf(t, b)) {
				t.Fatal("adding a sum to itself differs from adding its clone")
			}
		}
	})
}

// TestLengths: the commonest length stands for a sum, then the shortest.
func TestLengths(t *testing.T) {
	var sum histogram.Array
	add := func(text, want string) {
		t.Helper()
		histogram.Add(&sum, parse(t, text))
		if sum.String() != want {
			t.Errorf("after %s the sum is %s, want %s", text, sum, want)
		}
	}
	add("[1,2,3]", "[1,2,3]")
	add("[1,2]", "[1,2]")
	add("[1,1,1]", "[2,3,4]")
	var all []string
	for a := range sum.ByLength() {
		all = append(all, fmt.Sprint(a.N(), a))
	}
	if want := []string{"1 [1,2]", "2 [2,3,4]"}; !slices.Equal(all, want) {
		t.Errorf("ByLength = %q, want %q", all, want)
	}
	var none histogram.Array
	if none.String() != "[]" || none.N() != 0 || none.Len() != 0 {
		t.Errorf("zero Array = %s, N %d, Len %d", none, none.N(), none.Len())
	}
}

func TestAccess(t *testing.T) {
	single := parse(t, "[7, 0, 2.5, 10, 1.5, 2.5, -1, null]")
	var sum histogram.Array
	histogram.Add(&sum, single)
	var decoded histogram.Array
	if err := decoded.UnmarshalBinary(binaryOf(t, sum)); err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]histogram.Array{"text": single, "sum": sum, "binary": decoded} {
		if a.Buckets() != 3 || a.Bucket(0) != 7 || a.Bucket(1) != 0 || a.At(2) != 2.5 || a.At(7) != 0 {
			t.Errorf("%s: Buckets, Bucket or At of %s is wrong", name, a)
		}
		want := histogram.Summary{Sum: 10, LogSum: 1.5, LogSumSquares: 2.5, SumSquaresLo: -1}
		if got, ok := a.Summary(); !ok || got != want {
			t.Errorf("%s: Summary = %+v, %v, want %+v", name, got, ok, want)
		}
		var all []float64
		for i, x := range a.Elements() {
			if i != len(all) {
				t.Errorf("%s: index %d, want %d", name, i, len(all))
			}
			all = append(all, x)
		}
		if !slices.Equal(all, []float64{7, 0, 2.5, 10, 1.5, 2.5, -1, 0}) {
			t.Errorf("%s: Elements = %v", name, all)
		}
		func() {
			defer func() {
				err, _ := recover().(error)
				var out *histogram.RangeError
				if !errors.As(err, &out) || out.Index != 2 {
					t.Errorf("%s: Bucket of 2.5 panics with %v, want a RangeError", name, err)
				}
			}()
			a.Bucket(2)
		}()
	}
	if _, ok := parse(t, "[1,2,3,4]").Summary(); ok {
		t.Error("Summary of 4 elements: true")
	}
}

// TestBinaryForms: each number and each run of zeros comes back from the binary
// form, in which equal arrays are equal however they came about.
func TestBinaryForms(t *testing.T) {
	numbers := []string{
		"-11", "-10", "-1", "0", "1", "240", "241", "32767", "32768", "-32768", "-32769", "2147483647", "2147483648", "-2147483648", "-2147483649",
		"9223372036854775807", "-9223372036854775808", "9223372036854775808", "0.5", "-0.001", "1e300",
	}
	for _, zeros := range []int{0, 1, 3, 4, 7, 8, 250, 251, 252, 255, 256, 257, 511, 512, 513, 100000} {
		for _, number := range numbers {
			run := strings.Repeat("0,", zeros)
			one := parse(t, "["+run+number+","+run+"7]")
			again := parse(t, "[ "+strings.ReplaceAll(run, ",", " ,")+number+" , "+strings.ReplaceAll(run, ",", ".0,")+"7e0]")
			form := binaryOf(t, one)
			if !bytes.Equal(form, binaryOf(t, again)) {
				t.Errorf("%d zeros, %s: the binary form depends on the spelling", zeros, number)
			}
			var sum, back histogram.Array
			histogram.Add(&sum, one)
			if !bytes.Equal(form, binaryOf(t, sum)) {
				t.Errorf("%d zeros, %s: the sum of one array has another binary form", zeros, number)
			}
			if err := back.UnmarshalBinary(form); err != nil || back.Len() != 2*zeros+2 || textOf(back) != textOf(sum) {
				t.Errorf("%d zeros, %s: the binary form is that of %.100s, %v", zeros, number, back, err)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		value     string
		ok        bool
		malformed bool
	}{
		{value: `[]`, ok: true},
		{value: `[ 1 , 2.5,null ]`, ok: true},
		{value: `{"values":{"0":1}}`},
		{value: `"[1]"`},
		{value: `null`},
		{value: `[1,"a"]`},
		{value: `[1,[2]]`},
		{value: `[1e999]`},
		{value: `[1,true]`},
		{value: `[1,]`, malformed: true},
		{value: `[01]`, malformed: true},
		{value: `[1 2]`, malformed: true},
		{value: `[+1]`, malformed: true},
		{value: `[0, 0, 0, 0, 0, 0, 00, 0, 0, 0, 0, 0, 0, 0]`, malformed: true},
	} {
		rec := storage.NewRecord(nil, []byte(`{"a":`+tt.value+`,"b":1}`), storage.Dims{})
		_, ok := histogram.Parse(rec.Get("a"))
		if ok != tt.ok || (rec.Err() != nil) != tt.malformed {
			t.Errorf("Parse(%s) = %v with record error %v, want %v, malformed %v", tt.value, ok, rec.Err(), tt.ok, tt.malformed)
		}
	}
	if _, ok := histogram.Parse(storage.Value{}); ok {
		t.Error("Parse of a missing value: true")
	}
}

func TestAddAllocs(t *testing.T) {
	var sum, decoded histogram.Array
	a := parse(t, "[0,0,0,1,2,3,0,0,0,12345678,12.5,7.25,-1,-1]")
	histogram.Add(&sum, a)
	enc := binaryOf(t, sum)
	if n := testing.AllocsPerRun(100, func() {
		histogram.Add(&sum, a)
		_ = decoded.UnmarshalBinaryBorrow(enc)
		histogram.Add(&sum, decoded)
	}); n != 0 {
		t.Errorf("Add allocates %v times, want 0", n)
	}
}

// TestBinarySize: most buckets are 0 and cost next to nothing.
func TestBinarySize(t *testing.T) {
	a := parse(t, "["+strings.Repeat("0,", 200)+"1,2,3,"+strings.Repeat("0,", 100)+"5,-1,-1,14,0]")
	if b := binaryOf(t, a); len(b) > 20 {
		t.Errorf("binary form has %d bytes: %x", len(b), b)
	}
}

func FuzzArrayParse(f *testing.F) {
	for _, text := range texts(5, ",") {
		f.Add(text)
	}
	for _, text := range texts(5, ", ") {
		f.Add(text)
	}
	for _, text := range []string{"[]", "[null, -1.5e+3]", "[ ]", "[0,0,0,0,0,0,0,0,00,0,0,0,0,0,0,0]", "[1,2,3,4,5,6,7,8,9,12345678,1,2,3,4,5,6.5]", "[0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0]", "[1e400]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) == 0 || text[0] != '[' || text[len(text)-1] != ']' {
			return // Raw never gives these to Parse
		}
		var want []*float64
		err := json.Unmarshal(text, &want)
		a, _, size := histogram.ParseText(nil, text)
		ok := size == len(text)
		if ok != (err == nil) {
			t.Fatalf("%q is taken: %v, by encoding/json: %v", text, ok, err)
		}
		if !ok {
			return
		}
		more := append(bytes.Clone(text), `,"H":[0,0,0,0,0],"I":1`...)
		if b, _, size := histogram.ParseText(nil, more); size != len(text) || !bytes.Equal(binaryOf(t, a), binaryOf(t, b)) {
			t.Fatalf("%q ends at %d and is %s", more, size, b)
		}
		if a.Len() != len(want) {
			t.Fatalf("%q has %d elements, want %d", text, a.Len(), len(want))
		}
		checkForms(t, a)
		for i, x := range a.Elements() {
			if want[i] == nil && x != 0 || want[i] != nil && x != *want[i] {
				t.Fatalf("element %d of %q = %v, want %v", i, text, x, want[i])
			}
		}
	})
}

func FuzzArrayUnmarshal(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	all := texts(20, ",")
	for range 5 {
		var sum histogram.Array
		for range 3 {
			histogram.Add(&sum, parse(f, string(all[r.IntN(len(all))])))
		}
		histogram.Add(&sum, parse(f, "[1.5,null,1e300]"))
		f.Add(binaryOf(f, sum))
	}
	f.Add([]byte("\xff\xff\xff\xff\x7f\x01\x7e"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var a, sum histogram.Array
		if a.UnmarshalBinary(b) != nil {
			return
		}
		histogram.Add(&sum, a)
		again := binaryOf(t, sum)
		var back histogram.Array
		if err := back.UnmarshalBinary(again); err != nil {
			t.Fatalf("%x became %x: %v", b, again, err)
		}
		if !bytes.Equal(binaryOf(t, sum), binaryOf(t, back)) || a.String() != back.String() || a.N() != back.N() {
			t.Fatalf("%x is %s, then %s", b, a, back)
		}
	})
}
