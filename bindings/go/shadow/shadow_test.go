package shadow_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nspcc-dev/neo-go/pkg/config"
	"github.com/nspcc-dev/neo-go/pkg/core"
	"github.com/nspcc-dev/neo-go/pkg/core/block"
	"github.com/nspcc-dev/neo-go/pkg/core/chaindump"
	"github.com/nspcc-dev/neo-go/pkg/core/storage"
	"github.com/nspcc-dev/neo-go/pkg/io"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/neovm/neovm/bindings/go/shadow"
	"github.com/neovm/neovm/bindings/go/sidecar"
)

func project(path string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "../../..", path)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// neovm returns where the command is.
func neovm(t testing.TB) string {
	path := os.Getenv("NEOVM")
	if path == "" {
		path = project("target/debug/neovm")
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("NEOVM") != "" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: there is no " + path + "; NEOVM names another one")
	}
	return path
}

// start starts a sidecar that follows a chain in a folder of the test.
func start(t testing.TB, configuration string) (socket string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "neovm")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket = filepath.Join(folder, "socket")
	process := exec.Command(neovm(t), "sidecar", "--socket", socket, "--data", filepath.Join(folder, "chain"), "--config", configuration)
	said, err := process.StderrPipe()
	must(t, err)
	must(t, process.Start())
	t.Cleanup(func() { process.Process.Kill(); process.Wait() })
	if line, _ := bufio.NewReader(said).ReadString('\n'); !strings.HasPrefix(line, "listening") {
		t.Fatal(line)
	}
	return socket
}

// node is a neo-go node within the test, without network.
type node struct {
	*core.Blockchain
	configuration config.Blockchain
}

func newNode(t testing.TB, configuration config.Blockchain) *node {
	t.Helper()
	configuration.SaveStorageBatch = true
	chain, err := core.NewBlockchain(storage.NewMemoryStore(), configuration, zap.NewNop())
	must(t, err)
	go chain.Run()
	t.Cleanup(chain.Close)
	return &node{chain, configuration}
}

// lastChanges returns what the last block changed.
func (n *node) lastChanges(height uint32) ([]sidecar.Change, bool) {
	if height != n.BlockHeight() {
		return nil, false
	}
	changes := []sidecar.Change{}
	for _, operation := range storage.BatchToOperations(n.LastBatch()) {
		change := sidecar.Change{Key: operation.Key}
		if operation.State != "Deleted" {
			value := operation.Value
			change.Value = &value
		}
		changes = append(changes, change)
	}
	return changes, true
}

// restore gives the node the blocks of a dump, and calls a function after each.
func (n *node) restore(t testing.TB, path string, after func()) {
	t.Helper()
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	reader := io.NewBinReaderFromIO(bufio.NewReader(file))
	count := reader.ReadU32LE()
	must(t, reader.Err)
	must(t, chaindump.Restore(n, reader, 0, count, func(*block.Block) error {
		after()
		return nil
	}))
}

// followed returns the differences in a dump, with the node stopping after each block.
func followed(t *testing.T, configuration config.Blockchain, file, dump, files string) []shadow.Difference {
	t.Helper()
	node := newNode(t, configuration)
	var found []shadow.Difference
	one, err := shadow.New(node, shadow.Options{
		Socket: start(t, file), Files: files, Registerer: prometheus.NewRegistry(), Changes: node.lastChanges,
		Found: func(difference shadow.Difference) { found = append(found, difference) },
	})
	must(t, err)
	node.restore(t, dump, func() { must(t, one.CatchUp(context.Background())) })
	if node.BlockHeight() == 0 {
		t.Fatal("there are no blocks")
	}
	return found
}

// The configuration of a chain of neo-go's history: that of its unit tests, with other hardforks.
func unitTest(t testing.TB, path string) config.Blockchain {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	var file struct {
		ProtocolConfiguration struct {
			StandbyCommittee []string
			ValidatorsCount  uint32
			Hardforks        map[string]uint32
		}
	}
	must(t, json.Unmarshal(text, &file))
	protocol := file.ProtocolConfiguration
	made := config.ProtocolConfiguration{
		Magic: 42, MaxTraceableBlocks: 200000, MaxBlockSystemFee: 900000000000, TimePerBlock: 15 * time.Second,
		Genesis: config.Genesis{TimePerBlock: 15 * time.Second}, MemPoolSize: 50000, P2PSigExtensions: true,
		StandbyCommittee: protocol.StandbyCommittee, ValidatorsCount: protocol.ValidatorsCount, VerifyTransactions: true,
		Hardforks: map[string]uint32{},
	}
	for name, height := range protocol.Hardforks {
		made.Hardforks[strings.TrimPrefix(name, "HF_")] = height
	}
	return config.Blockchain{ProtocolConfiguration: made}
}

func neogo(t testing.TB, path string) config.Blockchain {
	t.Helper()
	file, err := config.LoadFile(path)
	must(t, err)
	return file.Blockchain()
}

// chains follows the dumps of a folder under all schedules that are there.
func chains(t *testing.T, folder string) {
	schedules, err := filepath.Glob(filepath.Join(folder, "config-*.json"))
	must(t, err)
	text, err := os.ReadFile(filepath.Join(folder, "roots.jsonl"))
	must(t, err)
	for line := range bytes.Lines(text) {
		var recorded struct {
			File      string
			Hardforks map[string]uint32
			Roots     []string
		}
		must(t, json.Unmarshal(line, &recorded))
		for _, schedule := range schedules {
			configuration := unitTest(t, schedule)
			// A hardfork that never comes is not listed.
			maps.DeleteFunc(configuration.Hardforks, func(_ string, height uint32) bool { return height > 1000000 })
			if !maps.Equal(configuration.Hardforks, recorded.Hardforks) {
				continue
			}
			configuration = unitTest(t, schedule)
			t.Run(recorded.File+" "+filepath.Base(schedule), func(t *testing.T) {
				for _, difference := range followed(t, configuration, schedule, filepath.Join(folder, recorded.File), "") {
					t.Errorf("%+v", difference)
				}
			})
		}
	}
}

func TestChain(t *testing.T) { chains(t, project("tests/data/chains")) }

// All chains of neo-go's history: NEOVM_ALL_CASES=1 go test -run AllChains
func TestAllChains(t *testing.T) { chains(t, shared(t, "chains")) }

func shared(t *testing.T, name string) string {
	t.Helper()
	folder := project("../shared/reference/host/" + name)
	if os.Getenv("NEOVM_ALL_CASES") == "" {
		t.Skipf("SKIPPED: %s: NEOVM_ALL_CASES is not set", t.Name())
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("SKIPPED: %s: there is no ../shared/reference/host/%s", t.Name(), name)
	}
	return folder
}

// rich follows a chain with all that a chain can have. neo-go 0.120 differs from the reference there:
// node/tests/rich_chains.rs finds the same number of blocks without a node, and
// host/tests/rich_chains.rs lists them with the reasons. Roots differ, with the same state, as long as
// a value of 65,535 bytes is stored, whose length neo-go writes in another form. blocks is how many
// blocks have executions that differ.
func rich(t *testing.T, folder, name string, blocks int, kinds map[shadow.Kind]int) {
	file := filepath.Join(folder, name+".neogo.yml")
	found := followed(t, neogo(t, file), file, filepath.Join(folder, name+".acc"), t.TempDir())
	different, counted := map[uint32]bool{}, map[shadow.Kind]int{}
	for _, one := range found {
		counted[one.Kind]++
		if one.Execution < 0 {
			continue
		}
		different[one.Height] = true
		if one.File == "" && len(different) < 100 {
			t.Errorf("there is no job file: %+v", one)
		}
	}
	if len(different) != blocks || !maps.Equal(counted, kinds) {
		for _, one := range found {
			t.Logf("%.600s", fmt.Sprintf("%+v", one))
		}
		t.Errorf("%d blocks differ, %v", len(different), counted)
	}
	checkFiles(t, found)
}

// checkFiles runs some of the job files: they give what neovm gave.
func checkFiles(t *testing.T, found []shadow.Difference) {
	t.Helper()
	checked := map[string]bool{}
	for _, one := range found {
		if one.File == "" || checked[one.File] || len(checked) >= 5 {
			continue
		}
		checked[one.File] = true
		if out, err := exec.Command(neovm(t), "job", "run", one.File).CombinedOutput(); err != nil {
			t.Errorf("%s: %v %.500s", one.File, err, out)
		}
	}
}

func TestRich(t *testing.T) {
	// Block 5 designates nodes, which neo-go sorts in the event.
	rich(t, project("tests/data/rich"), "verd", 1, map[shadow.Kind]int{shadow.Notifications: 2})
}

func TestAllRich(t *testing.T) {
	folder := shared(t, "rich")
	for _, one := range []struct {
		name   string
		blocks int
		kinds  map[shadow.Kind]int
	}{
		{"stair", 42, map[shadow.Kind]int{"state": 10, "gas": 31, "stack": 7, "notifications": 12, "storage": 11, "root": 38}},
		{"echidna0", 56, map[shadow.Kind]int{"state": 3, "gas": 40, "stack": 5, "notifications": 12, "storage": 4, "root": 46}},
		{"mid", 57, map[shadow.Kind]int{"state": 15, "gas": 44, "stack": 8, "notifications": 8, "storage": 65, "root": 221}},
	} {
		t.Run(one.name, func(t *testing.T) { rich(t, folder, one.name, one.blocks, one.kinds) })
	}
}

// The node's notifications wake the shadow, and it is seen in its metrics.
func TestRun(t *testing.T) {
	file := project("tests/data/chains/config-ech5.json")
	node := newNode(t, unitTest(t, file))
	registry := prometheus.NewRegistry()
	one, err := shadow.New(node, shadow.Options{Socket: start(t, file), Registerer: registry})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		one.Run(ctx)
		close(ended)
	}()
	node.restore(t, project("tests/data/chains/testblocks-2025-12-05-325c13523b.acc"), func() {})
	height := float64(node.BlockHeight())
	for begun := time.Now(); value(t, registry, "neovm_shadow_height") < height; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("it does not follow")
		}
	}
	cancel()
	<-ended
	if blocks := value(t, registry, "neovm_shadow_blocks_total"); blocks != height {
		t.Errorf("%v blocks, and not %v", blocks, height)
	}
	for _, name := range []string{"neovm_shadow_differences_total", "neovm_shadow_errors_total"} {
		if count := value(t, registry, name); count != 0 {
			t.Errorf("%s %v", name, count)
		}
	}
}

// Without a sidecar the node goes on as it did, and the shadow counts that it failed.
func TestWithoutSidecar(t *testing.T) {
	node := newNode(t, unitTest(t, project("tests/data/chains/config-ech5.json")))
	registry := prometheus.NewRegistry()
	one, err := shadow.New(node, shadow.Options{Socket: filepath.Join(t.TempDir(), "nowhere"), Registerer: registry})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		one.Run(ctx)
		close(ended)
	}()
	node.restore(t, project("tests/data/chains/testblocks-2025-12-05-325c13523b.acc"), func() {})
	if value(t, registry, "neovm_shadow_errors_total") == 0 || value(t, registry, "neovm_shadow_blocks_total") != 0 {
		t.Error("it did not fail")
	}
	cancel()
	<-ended
}

// A chain that is another one's is an error, and no difference.
func TestOtherChain(t *testing.T) {
	node := newNode(t, unitTest(t, project("tests/data/chains/config-ech5.json")))
	found := 0
	one, err := shadow.New(node, shadow.Options{
		Socket: start(t, project("tests/data/rich/verd.neogo.yml")), Registerer: prometheus.NewRegistry(),
		Found: func(shadow.Difference) { found++ },
	})
	must(t, err)
	node.restore(t, project("tests/data/chains/testblocks-2025-12-05-325c13523b.acc"), func() {})
	if err := one.CatchUp(context.Background()); err == nil || found != 0 {
		t.Error(err, found)
	}
}

// value returns the sum of a metric.
func value(t testing.TB, registry *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := registry.Gather()
	must(t, err)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
		return sum
	}
	t.Fatal("there is no metric ", name)
	return 0
}
