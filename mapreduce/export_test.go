package mapreduce

// Available is the memory that can be had, as the files below root tell.
var Available = available
