package shadow

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	height, nodeHeight                      prometheus.Gauge
	blocks, transactions, errors, coalesced prometheus.Counter
	differences                             *prometheus.CounterVec
	seconds                                 prometheus.Histogram
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "neovm", Subsystem: "shadow", Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "neovm", Subsystem: "shadow", Name: name, Help: help})
	}
	made := &metrics{
		height:       gauge("height", "Height of the last block that was compared"),
		nodeHeight:   gauge("node_height", "Height of the node"),
		blocks:       counter("blocks_total", "Blocks that were compared"),
		transactions: counter("transactions_total", "Transactions that were compared"),
		errors:       counter("errors_total", "Failures of the shadow, which tries again"),
		coalesced:    counter("notifications_dropped_total", "Notifications of the node while the shadow was busy; no block is left out"),
		differences: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "neovm", Subsystem: "shadow", Name: "differences_total", Help: "Differences from the node",
		}, []string{"kind"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "neovm", Subsystem: "shadow", Name: "block_seconds", Help: "Time of an execution of a block",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
	}
	// It is there before anything differs.
	for _, kind := range []Kind{State, Gas, Stack, Notifications, Storage, Root} {
		made.differences.WithLabelValues(string(kind))
	}
	for _, collector := range []prometheus.Collector{
		made.height, made.nodeHeight, made.blocks, made.transactions, made.errors, made.coalesced, made.differences, made.seconds,
	} {
		if err := registerer.Register(collector); err != nil {
			return nil, err
		}
	}
	return made, nil
}
