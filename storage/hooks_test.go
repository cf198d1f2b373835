package storage

// OnDisk sets a function that is called before each step of w that other programs can see.
func (w *FileWriter) OnDisk(f func(event string)) { w.onDisk = f }

// Skip is the place behind the value at i, or -1.
func Skip(b []byte, i int) int { return skipValue(b, i) }

// ParseSeekTable returns the entries of a seek table: stored size, decoded size and checksum.
func ParseSeekTable(b []byte) ([][3]uint32, error) {
	t, err := parseSeekTable(b)
	if err != nil {
		return nil, err
	}
	var entries [][3]uint32
	for i := range t.len() {
		stored, decoded, sum := t.entry(i)
		entries = append(entries, [3]uint32{stored, decoded, sum})
	}
	return entries, nil
}
