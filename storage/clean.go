package storage

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// other is the value of a dimension that is missing, not allowed or nothing but dots.
const other = "OTHER"

// The longest component of a path that Sanitise returns, and the longest dimension in a file name, where two of them
// and the rest of the name must stay below the 255 bytes that file systems allow.
const (
	maxComponentBytes = 200
	maxNamePartBytes  = 80
)

// Sanitise returns value as one harmless component of a path, on any system: letters, digits, _ and dots, at most 200
// bytes, no dot at either end, and no name that a system keeps for itself or a store for its schema. Sanitising the result
// changes nothing.
//
// Each character outside A-Z a-z 0-9 _ . (and each byte that is not UTF-8) becomes one _, so different values may
// share a component. An empty value, or one of dots alone, becomes OTHER. A longer value keeps its first characters
// and ends in a hash of the whole value.
func Sanitise(value string) string {
	if isClean(value) {
		return value
	}
	if strings.Trim(value, ".") == "" {
		return other
	}
	b := make([]byte, 0, min(len(value), 4*maxComponentBytes))
	for _, r := range value {
		if r < 0x80 && isPlain(byte(r)) {
			b = append(b, byte(r))
		} else {
			b = append(b, '_')
		}
	}
	if b[0] == '.' {
		b[0] = '_'
	}
	if b[len(b)-1] == '.' {
		b[len(b)-1] = '_'
	}
	if n := len(deviceName(string(b))); n > 0 {
		b = append(b[:n], append([]byte{'_'}, b[n:]...)...)
	}
	return shorten(string(b), value, maxComponentBytes)
}

// sanitiseNamePart is Sanitise for a dimension in a file name, where a dot ends the dimension, and limit bytes are the most.
func sanitiseNamePart(value string, limit int) string {
	part := strings.ReplaceAll(Sanitise(value), ".", "_")
	return shorten(part, value, limit)
}

// shorten returns s, or if it is longer than limit, its start with a hash of the value that it was made from.
func shorten(s, value string, limit int) string {
	if len(s) <= limit {
		return s
	}
	sum := sha256.Sum256([]byte(value))
	hash := hex.EncodeToString(sum[:8])
	return s[:limit-len(hash)-1] + "_" + hash
}

// isClean reports whether Sanitise returns value as it is. It is called for every name in a directory.
func isClean(value string) bool {
	if value == "" || len(value) > maxComponentBytes || value[0] == '.' || value[len(value)-1] == '.' {
		return false
	}
	for i := range len(value) {
		if !isPlain(value[i]) {
			return false
		}
	}
	return deviceName(value) == ""
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.'
}

// deviceName returns the first part of name, up to a dot, if Windows takes it for a device, whatever follows, or if name is
// that of the schema file.
func deviceName(name string) string {
	if len(name) < 3 || strings.IndexByte("aAcClLnNpPsS", name[0]) < 0 {
		return ""
	}
	stem, _, _ := strings.Cut(name, ".")
	switch len(stem) {
	case 3:
		switch strings.ToUpper(stem) {
		case "CON", "PRN", "AUX", "NUL":
			return stem
		}
	case 4:
		switch strings.ToUpper(stem[:3]) {
		case "COM", "LPT":
			if '1' <= stem[3] && stem[3] <= '9' {
				return stem
			}
		}
	case len("schema"):
		if strings.EqualFold(name, schemaName) {
			return stem
		}
	}
	return ""
}
