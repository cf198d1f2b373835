package filter

import "strings"

// nearest returns the candidate that someone who wrote word may have meant: the same but for upper and lower case, the one
// that contains word, or one that, or the end of which, is a few letters away. If there is none, it returns "".
func nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	if len(word) < 2 || len(word) > 100 {
		return ""
	}
	var found []string
	for _, c := range candidates {
		lower := strings.ToLower(c)
		if lower == word {
			return c
		}
		if len(word) > 2 && strings.Contains(lower, word) {
			found = append(found, c)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	best, least := "", 2+len(word)/4
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := distance(word, lower)
		if end := len(lower) - len(word) - 1; end > 0 && len(word) > 4 {
			d = min(d, distance(word, lower[end:])) // chanel, for appUpdateChannel
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}

// distance returns how many bytes must be inserted, deleted, replaced or swapped with the next to make b of a.
func distance(a, b string) int {
	if len(b) > 2*len(a)+2 {
		return len(b)
	}
	var before, last []int // the rows above
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
