//! Decoding and strict validation of a script.

use std::{hint::black_box, sync::Arc};

use criterion::Throughput;
use neovm::{Code, PriceTable};
use neovm_bench::{criterion, long_script};

fn main() {
    let script = long_script();
    script.validate().expect("a valid script");
    let prices = Arc::new(PriceTable::DEFAULT);
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(script.len() as u64));
    group.bench_function("decode", |bencher| bencher.iter(|| Code::decode(black_box(script.clone()), &prices)));
    group.bench_function("validate", |bencher| bencher.iter(|| black_box(&script).validate()));
    group.finish();
    criterion.final_summary();
}
