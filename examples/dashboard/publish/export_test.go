package publish

// ReadPart reads all cells of a part.
func ReadPart(state, name string) (cells int, err error) {
	r, err := openPart(state, "20131102", Part{File: name})
	if err != nil {
		return 0, err
	}
	defer r.close()
	r.ids = make([]group, len(r.groups.Groups))
	for err = r.next(); err == nil && r.measure != ""; err = r.next() {
		if err := r.each(func(group, int64, []byte) { cells++ }); err != nil {
			return cells, err
		}
	}
	return cells, err
}
