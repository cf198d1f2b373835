package exact_test

import (
	"fmt"

	"github.com/telemetry-mr/mr/storage/exact"
)

func ExampleSum() {
	numbers := []float64{1e16, 1, 0.1, -1e16, 0.2}

	plain, backwards := 0.0, 0.0
	var sum, parts exact.Sum
	for i := range numbers {
		x, y := numbers[i], numbers[len(numbers)-1-i]
		plain += x
		backwards += y
		sum.Add(x)

		var part exact.Sum
		part.Add(y)
		parts.AddSum(part)
	}
	fmt.Println(plain, backwards)
	fmt.Println(sum, parts)
	// Output:
	// 0.2 0
	// 1.3 1.3
}
