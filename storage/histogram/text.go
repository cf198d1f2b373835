package histogram

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// Arrays are read eight bytes at a time, as the lanes of a word: bit 7 of a lane
// says something of its byte, the other bits are zero or of no meaning. A lane
// further up is a byte further on in the text.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
	lows  = 0x7f * ones
)

// Blocks of zeros.
const (
	evens       = 0x0001000100010001
	zeros       = '0'*evens | ','*evens<<8 // "0,0,0,0,"
	zerosBehind = ','*evens | '0'*evens<<8 // ",0,0,0,0"

	triple       = 0x0001000001000001
	zerosSpaced  = '0'*triple | ','*triple<<8&(1<<64-1) | ' '*(triple<<16&(1<<64-1)) // "0, 0, 0,"
	zerosSpaced2 = zerosSpaced<<8&(1<<64-1) | ' '                                    // " 0, 0, 0"
	zerosSpaced3 = zerosSpaced2<<8&(1<<64-1) | ','                                   // ", 0, 0, "
)

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// digitLanes returns the lanes that hold digits, and those that hold anything
// but '0'; the latter has other bits set too.
func digitLanes(w uint64) (digits, notZero uint64) {
	t := w ^ '0'*ones
	low := t & lows
	return ^(low + (0x80-10)*ones | t) & highs, low + lows | t
}

// lanesOf returns the lanes that hold c.
func lanesOf(w uint64, c byte) uint64 {
	t := w ^ uint64(c)*ones
	return ^(t&lows + lows | t) & highs
}

// scan checks the text of an array. It returns the number of elements and how far
// body, which is text without its brackets, is plain: up to there, just behind a
// comma and 8 bytes before the end at least, are only digits and separators, a
// comma or a comma and a blank. It returns false if text is no JSON array of
// numbers and nulls, or has a number beyond float64. There are no blanks around
// the array.
func scan(text []byte) (n, plain int, ok bool) {
	if len(text) < 2 || text[0] != '[' || text[len(text)-1] != ']' {
		return 0, 0, false
	}
	body := text[1 : len(text)-1]
	if first := skipDigits(body, 0) + 1; first < len(body) && body[first] == ' ' {
		n, plain = scanSpaced(body)
	} else {
		n, plain = scanCompact(body)
	}
	n, ok = scanRest(body, plain, n)
	return n, plain, ok
}

// scanCompact returns how far body consists of small integers with a comma
// behind each, and how many they are.
//
// It goes by blocks and stops at the first that has a fault or anything else.
func scanCompact(body []byte) (n, end int) {
	// What the byte before lane 0 says about lane 0. Each is 0 or 0x80.
	var (
		behind uint64 = 0x80 // it is behind a comma
		ended  uint64        // it is behind a number that begins with 0
	)
	rest := body
	for len(rest) >= 16 {
		w := binary.LittleEndian.Uint64(rest)
		if w == zeros && behind != 0 {
			n += 4
			rest = rest[8:]
			continue
		}
		if w == zerosBehind && behind == 0 {
			n += 4
			ended = 0x80
			rest = rest[8:]
			continue
		}
		digits, notZero := digitLanes(w)
		commas := digits ^ highs
		starts := commas<<8 | behind
		zero := starts &^ notZero
		// Each byte is a digit or a comma, a number begins behind a comma, and with
		// 0 only if that is all of it.
		if commas&^lanesOf(w, ',')|starts&commas|(zero<<8|ended)&digits != 0 || commas == 0 {
			break
		}
		n += int(commas >> 7 * ones >> 56)
		behind, ended = commas>>56, zero>>56
		rest = rest[8:]
	}
	end = len(body) - len(rest)
	for end > 0 && body[end-1] != ',' {
		end--
	}
	return n, end
}

// scanSpaced is scanCompact for arrays with a blank behind each comma.
func scanSpaced(body []byte) (n, end int) {
	var (
		comma uint64        // the byte before is a comma
		start uint64 = 0x80 // it is a blank, or there is none
		ended uint64        // it is 0 and begins a number
	)
	rest := body
	for len(rest) >= 16 {
		w := binary.LittleEndian.Uint64(rest)
		switch {
		case w == zerosSpaced && start != 0:
			n += 3
			comma, start, ended = 0x80, 0, 0
			rest = rest[8:]
			continue
		case w == zerosSpaced2 && comma != 0:
			n += 2
			comma, start, ended = 0, 0, 0x80
			rest = rest[8:]
			continue
		case w == zerosSpaced3 && comma|start == 0:
			n += 3
			comma, start, ended = 0, 0x80, 0
			rest = rest[8:]
			continue
		}
		digits, notZero := digitLanes(w)
		commas, blanks := lanesOf(w, ','), lanesOf(w, ' ')
		starts := blanks<<8 | start
		zero := starts &^ notZero
		// As above, but a blank stands behind each comma and nowhere else, and a
		// number begins behind it.
		bad := digits ^ commas ^ blanks ^ highs | blanks ^ (commas<<8 | comma) | starts&^digits | (zero<<8|ended)&digits
		if bad != 0 || commas == 0 && blanks == 0 {
			break
		}
		n += int(commas >> 7 * ones >> 56)
		comma, start, ended = commas>>56, blanks>>56, zero>>56
		rest = rest[8:]
	}
	end = len(body) - len(rest)
	for end > 0 && body[end-1] != ',' {
		end--
	}
	return n, end
}

// scanRest goes on behind the comma before i, n elements after the beginning.
func scanRest(body []byte, i, n int) (int, bool) {
	i = skipBlanks(body, i)
	if i == len(body) {
		return 0, n == 0
	}
	for ; ; n++ {
		// Most summary values are one digit, or -1.
		end := i
		if i < len(body) && body[i] == '-' {
			end++
		}
		end++
		if end > len(body) || body[end-1]-'0' > 9 || end < len(body) && body[end] != ',' {
			if end = numberEnd(body, i); end < 0 {
				return 0, false
			}
			end = skipBlanks(body, end)
		}
		if end == len(body) {
			return n + 1, true
		}
		if body[end] != ',' {
			return 0, false
		}
		i = end + 1
		if i < len(body) && body[i] <= ' ' {
			i = skipBlanks(body, i)
		}
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func skipBlanks(b []byte, i int) int {
	for i < len(b) && isBlank(b[i]) {
		i++
	}
	return i
}

// skipDigits returns the end of the digits at i.
func skipDigits(b []byte, i int) int {
	for i+8 <= len(b) {
		digits, _ := digitLanes(word(b, i))
		if digits != highs {
			return i + bits.TrailingZeros64(^digits&highs)>>3
		}
		i += 8
	}
	for i < len(b) && b[i]-'0' < 10 {
		i++
	}
	return i
}

// numberEnd returns the end of the number or null at i, or -1 if there is none
// or one beyond float64.
func numberEnd(b []byte, i int) int {
	start := i
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i == len(b) {
		return -1
	}
	switch c := b[i]; {
	case c == '0':
		i++
	case c-'1' < 9:
		i = skipDigits(b, i+1)
	case c == 'n' && i == start && len(b)-i >= 4 && string(b[i:i+4]) == "null":
		return i + 4
	default:
		return -1
	}
	huge := i-start > 300
	if i < len(b) && b[i] == '.' {
		from := i + 1
		if i = skipDigits(b, from); i == from {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from := i
		if i = skipDigits(b, from); i == from {
			return -1
		}
		huge = true
	}
	if huge {
		if _, err := strconv.ParseFloat(string(b[start:i]), 64); err != nil {
			return -1
		}
	}
	return i
}

// addText adds the array in text, which scan has found to have as many elements
// as s and to be plain up to a certain place.
//
// In the plain part, usually all but the summary, numbers that are 0 cost
// nothing of their own: of each block of eight bytes the lanes are found where
// the others begin, which are a quarter or so. Here a lane's result is in bit 4,
// which digits have and separators have not.
func (s *sums) addText(text []byte, plain int) {
	const digit = 0x10 * ones
	body := text[1 : len(text)-1]
	ints := s.ints
	k := -1                  // index of the last element that begins before the block
	digitBefore := uint64(0) // bit 4: the byte before the block is a digit
	for i := 0; i < plain; i += 8 {
		w := word(body, i)
		digits := w & digit
		starts := digits &^ (digits<<8 | digitBefore)
		digitBefore = digits >> 56
		if plain-i < 8 {
			starts &= 1<<(8*uint(plain-i)) - 1
		}
		notZero := w&(0x0f*ones) + 0x0f*ones
		upTo := starts >> 4 * ones // in each byte, the number of starts up to its lane
		for at := starts & notZero; at != 0; at &= at - 1 {
			lane := bits.TrailingZeros64(at) - 4
			j := k + int(upTo>>lane&0xff)
			place := i + lane>>3
			number := word(body, place)
			size := bits.TrailingZeros64(^number&digit) - 4 // in bits
			if size > 56 {
				s.addNumber(body, place, j)
				continue
			}
			old := ints[j]
			total := old + int64(eightDigits(number<<(64-size)))
			if total < old {
				s.addNumber(body, place, j)
				continue
			}
			ints[j] = total
		}
		k += int(upTo >> 56)
	}
	for i := plain; ; {
		for i < len(body) && isEnd(body[i]) {
			i++
		}
		if i >= len(body) {
			return
		}
		k++
		i = s.addNumber(body, i, k)
	}
}

// addNumber adds the number or null at place i of b to element k and returns its
// end.
func (s *sums) addNumber(b []byte, i, k int) int {
	// Most summary values are one digit, or -1.
	digit := i
	if b[i] == '-' {
		digit++
	}
	if end := digit + 1; b[digit]-'0' < 10 && (end == len(b) || isEnd(b[end])) {
		n := int64(b[digit] - '0')
		if digit > i {
			n = -n
		}
		s.addInt(k, n)
		return end
	}
	v, end := number(b, i)
	switch v.kind {
	case kindInt:
		s.addInt(k, v.n)
	case kindFloat:
		s.float(k).Add(v.x)
	}
	return end
}

// isEnd reports whether c may follow an integer.
func isEnd(c byte) bool { return c == ',' || isBlank(c) }

// eightDigits returns the number whose last digits are in the lanes of w, last
// digit in the highest lane. Lanes without a digit are zero.
func eightDigits(w uint64) uint64 {
	w &= 0x0f * ones
	w = w * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	w = w * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	return w * (10000<<32 + 1) >> 32
}
