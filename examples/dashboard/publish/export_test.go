package publish

// ReadDelta reads all rows of a delta.
func ReadDelta(name string) (rows int, err error) {
	d, err := openDelta(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = d.file.Close() }() // only read
	for d.more {
		rows++
		_, _ = d.row.array() // which may be none
		if err := d.next(); err != nil {
			return rows, err
		}
	}
	return rows, nil
}
