// The Go peer of the benchmarks: the same work by goroutines. Prints one JSON object: figure → nanoseconds or bytes.
//
//	main            times
//	main parked     resident bytes of a million parked goroutines: a process of its own, since Go keeps dead goroutines' memory
//	main sleeping   the same, asleep
//
// Switching and spawning run on one core, as the fibers of one WebAssembly instance do.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const rounds = 5

func main() {
	runtime.GOMAXPROCS(1)
	figures := map[string]float64{}
	switch {
	case len(os.Args) < 2:
		figures["switch 2"] = median(func() float64 { return switching(2, 100000) })
		figures["switch 100"] = median(func() float64 { return switching(100, 2000) })
		figures["switch 100000"] = median(func() float64 { return switching(100000, 5) })
		figures["switch 1000000"] = switching(1000000, 3)
		figures["spawn"] = median(func() float64 { return spawning(200000) })
		figures["channel unbuffered"] = median(func() float64 { return passing(0, 500000) })
		figures["channel buffered"] = median(func() float64 { return passing(128, 500000) })
		figures["select"] = median(func() float64 { return selecting(100000) })
		figures["lock"] = median(func() float64 { return locking(2000000) })
		figures["ping-pong"] = median(func() float64 { return pingPong(200000) })
		figures["skynet"] = median(func() float64 { return skynet(1000000) })
		figures["panic"] = median(func() float64 { return panicking(100000) })
		figures["timer"] = timers(100000, 200000)
	case os.Args[1] == "parked":
		figures["parked bytes"] = resident(1000000, park)
	case os.Args[1] == "sleeping":
		figures["sleeping bytes"] = resident(1000000, fallAsleep)
	}
	json.NewEncoder(os.Stdout).Encode(figures)
}

func median(run func() float64) float64 {
	run()
	samples := make([]float64, rounds)
	for i := range samples {
		samples[i] = run()
	}
	sort.Float64s(samples)
	return samples[rounds/2]
}

// A check of the work failed: nothing that was measured means anything.
func check(isTrue bool, what string) {
	if !isTrue {
		fmt.Fprintln(os.Stderr, "bench:", what)
		os.Exit(1)
	}
}

// Nanoseconds per switch of count goroutines that yield in turn. They wait at a gate until all have started: Go preempts the one that
// starts them. The clock runs from the first that has yielded once until the last has ended.
func switching(count, yields int) float64 {
	gate := make(chan struct{})
	var started, ended sync.WaitGroup
	var once sync.Once
	var begin time.Time
	var made atomic.Int64
	started.Add(count)
	ended.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			own := 0
			started.Done()
			<-gate
			runtime.Gosched()
			once.Do(func() { begin = time.Now() })
			for left := yields; left > 0; left-- {
				own++
				runtime.Gosched()
			}
			made.Add(int64(own))
			ended.Done()
		}()
	}
	started.Wait()
	close(gate)
	ended.Wait()
	elapsed := time.Since(begin)
	check(made.Load() == int64(count*yields), "goroutines have not made all yields")
	return float64(elapsed.Nanoseconds()) / float64(count) / float64(yields)
}

// Nanoseconds per goroutine that is started, run and joined.
func spawning(count int) float64 {
	sum := 0
	begin := time.Now()
	for i := 0; i < count; i++ {
		done := make(chan int)
		go func(value int) { done <- value }(i)
		sum += <-done
	}
	elapsed := time.Since(begin)
	check(sum == count*(count-1)/2, "goroutines have not returned their values")
	return float64(elapsed.Nanoseconds()) / float64(count)
}

// Nanoseconds per message from one goroutine to another.
func passing(capacity, count int) float64 {
	channel := make(chan int, capacity)
	go func() {
		for i := 0; i < count; i++ {
			channel <- i
		}
		close(channel)
	}()
	expected := 0
	begin := time.Now()
	for value := range channel {
		check(value == expected, "messages are out of order")
		expected++
	}
	elapsed := time.Since(begin)
	check(expected == count, "messages are missing")
	return float64(elapsed.Nanoseconds()) / float64(count)
}

// Nanoseconds per message that a select takes from three channels, in each of which there are some.
func selecting(count int) float64 {
	channels := [3]chan int{}
	for i := range channels {
		channels[i] = make(chan int, count)
		for j := 0; j < count; j++ {
			channels[i] <- j
		}
	}
	taken := 0
	begin := time.Now()
	for i := 0; i < count; i++ {
		select {
		case <-channels[0]:
			taken++
		case <-channels[1]:
			taken++
		case <-channels[2]:
			taken++
		}
	}
	elapsed := time.Since(begin)
	left := len(channels[0]) + len(channels[1]) + len(channels[2])
	check(taken == count && left == 2*count, "messages are missing in the select")
	return float64(elapsed.Nanoseconds()) / float64(count)
}

// Nanoseconds per lock and unlock of a mutex that nobody else wants.
func locking(count int) float64 {
	var mutex sync.Mutex
	held := 0
	begin := time.Now()
	for i := 0; i < count; i++ {
		mutex.Lock()
		held++
		mutex.Unlock()
	}
	elapsed := time.Since(begin)
	check(held == count, "the mutex was not held")
	return float64(elapsed.Nanoseconds()) / float64(count)
}

// Nanoseconds for a number that goes to another goroutine over one channel and comes back over another.
func pingPong(count int) float64 {
	there, back := make(chan int), make(chan int)
	go func() {
		for value := range there {
			back <- value
		}
	}()
	begin := time.Now()
	for i := 0; i < count; i++ {
		there <- i
		check(<-back == i, "a number has not come back")
	}
	elapsed := time.Since(begin)
	close(there)
	return float64(elapsed.Nanoseconds()) / float64(count)
}

func grow(parent chan<- int, first, leaves int) {
	if leaves == 1 {
		parent <- first
		return
	}
	children := make(chan int)
	each := leaves / 10
	for i := 0; i < 10; i++ {
		go grow(children, first+i*each, each)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-children
	}
	parent <- sum
}

// Nanoseconds for a tree of so many leaves, a power of ten.
func skynet(leaves int) float64 {
	begin := time.Now()
	root := make(chan int)
	go grow(root, 0, leaves)
	sum := <-root
	elapsed := time.Since(begin)
	check(sum == leaves*(leaves-1)/2, "the sum of the tree is wrong")
	return float64(elapsed.Nanoseconds())
}

var errRefused = errors.New("the request was refused")

// Nanoseconds per goroutine that panics; it recovers itself, since nobody else can.
func panicking(count int) float64 {
	seen := 0
	begin := time.Now()
	for i := 0; i < count; i++ {
		done := make(chan any)
		go func() {
			defer func() { done <- recover() }()
			panic(errRefused)
		}()
		if <-done == any(errRefused) {
			seen++
		}
	}
	elapsed := time.Since(begin)
	check(seen == count, "panics were not seen")
	return float64(elapsed.Nanoseconds()) / float64(count)
}

func neverCalled() { panic("a timer of an hour has fired") }

// Nanoseconds per timer that is started and stopped while others run.
func timers(others, count int) float64 {
	running := make([]*time.Timer, others)
	for i := range running {
		running[i] = time.AfterFunc(time.Hour+spread(i), neverCalled)
	}
	begin := time.Now()
	for i := 0; i < count; i++ {
		time.AfterFunc(time.Hour+spread(i), neverCalled).Stop()
	}
	elapsed := time.Since(begin)
	for _, timer := range running {
		timer.Stop()
	}
	return float64(elapsed.Nanoseconds()) / float64(count)
}

// Up to an hour, in no order.
func spread(i int) time.Duration {
	return time.Duration(float64(uint32(i)*0x9e3779b1) / (1 << 32) * float64(time.Hour))
}

var sum int

func park(i int, never chan struct{}) {
	a, b := i, i*3
	<-never
	sum += a ^ b
}

func fallAsleep(i int, _ chan struct{}) {
	a, b := i, i*3
	time.Sleep(time.Hour)
	sum += a ^ b
}

// Resident bytes per goroutine that stays.
func resident(count int, body func(int, chan struct{})) float64 {
	never := make(chan struct{})
	before := residentBytes()
	for i := 0; i < count; i++ {
		go body(i, never)
	}
	runtime.Gosched()
	after := residentBytes()
	return float64(after-before) / float64(count)
}

// Resident memory of this process, from /proc; 0 where there is none.
func residentBytes() int {
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(status))[1])
	return pages * os.Getpagesize()
}
