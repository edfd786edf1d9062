//! The functions that fuzzers call: each takes any bytes, and panics if something is wrong.
#![allow(clippy::missing_panics_doc, reason = "all of them panic if something is wrong")]

use std::cell::RefCell;

use neovm::{
    Dispatch, Integer, PriceTable, Script, StackItem,
    types::{assemble, disassemble, json::Json, manifest::Manifest, nef::NefFile},
};
use neovm_generator::Random;
use num_bigint::BigInt;
use num_integer::Integer as _;
use serde::Serialize;

use crate::{
    case::{Against, Case, Executor, INTERPRETER, OBSERVED, Run},
    chain::ChainWorker,
    compare::Comparer,
    worker::Worker,
};

/// Decodes and validates a script. Its disassembly assembles to the same script.
pub fn script(data: &[u8]) {
    let script = Script::from(data);
    let _ = script.validate();
    let _ = neovm::Code::decode(script.clone(), &PriceTable::DEFAULT.into());
    let text = disassemble(&script).to_string();
    let again = assemble(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again.bytes(), data, "{text}");
}

/// The assembler refuses bad text without a panic.
pub fn assembly(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(assembled) = assemble(text) {
        script(assembled.bytes());
    }
}

/// A NEF file that can be read is written so that it reads back the same.
pub fn nef(data: &[u8]) {
    if let Ok(nef) = NefFile::parse(data) {
        let bytes = nef.to_bytes().expect("what was read can be written");
        assert_eq!(NefFile::parse(&bytes).as_ref(), Ok(&nef));
    }
}

/// A manifest that can be read is written so that it reads back the same, unless escapes make it
/// too long.
pub fn manifest(data: &[u8]) {
    let Ok(manifest) = Manifest::parse(data) else { return };
    let text = manifest.to_json();
    if text.len() <= Manifest::MAX_LENGTH {
        assert_eq!(Manifest::parse(text.as_bytes()).as_ref(), Ok(&manifest), "{text}");
    }
}

/// JSON, and items read from JSON, are written so that they read back the same.
pub fn json(data: &[u8]) {
    if let Ok(value) = Json::parse(data, Json::MAX_DEPTH) {
        assert_eq!(Json::parse(value.to_string().as_bytes(), Json::MAX_DEPTH), Ok(value));
    }
    let Ok(value) = serde_json::from_slice(data) else { return };
    let Some(text) = StackItem::from_json(&value).ok().and_then(|item| item.to_json().ok()) else { return };
    let value = serde_json::from_str(&text).expect("JSON");
    let again = StackItem::from_json(&value).expect("an item").to_json();
    assert_eq!(again.as_ref(), Ok(&text));
}

/// Integers compute as those of `num-bigint` do.
pub fn integers(data: &[u8]) {
    let (Some((&length, rest)), half) = (data.split_first(), 32) else { return };
    let (first, second) = rest.split_at(rest.len().min(usize::from(length) % (half + 1)));
    let second = &second[..second.len().min(half)];
    let (Some(a), Some(b)) = (Integer::from_le_bytes(first), Integer::from_le_bytes(second)) else { return };
    let (x, y) = (BigInt::from_signed_bytes_le(first), BigInt::from_signed_bytes_le(second));
    let ruled = |exact: BigInt| Integer::from_le_bytes(&exact.to_signed_bytes_le());
    assert_eq!(a.to_string(), x.to_string());
    assert_eq!(a.cmp(&b), x.cmp(&y), "{a} {b}");
    assert_eq!(a.add(b).ok(), ruled(&x + &y), "{a} + {b}");
    assert_eq!(a.sub(b).ok(), ruled(&x - &y), "{a} - {b}");
    assert_eq!(a.mul(b).ok(), ruled(&x * &y), "{a} * {b}");
    assert_eq!(a.neg().ok(), ruled(-&x), "-{a}");
    assert_eq!(Some(a.bitand(b)), ruled(&x & &y), "{a} & {b}");
    assert_eq!(Some(a.bitor(b)), ruled(&x | &y), "{a} | {b}");
    assert_eq!(Some(a.bitxor(b)), ruled(&x ^ &y), "{a} ^ {b}");
    if !b.is_zero() {
        assert_eq!(a.div(b).ok(), ruled(&x / &y), "{a} / {b}");
        assert_eq!(a.rem(b).ok(), ruled(&x % &y), "{a} % {b}");
    }
    let bits = u32::from(length);
    assert_eq!(a.shl(bits).ok(), ruled(&x << bits), "{a} << {bits}");
    assert_eq!(Some(a.shr(bits)), ruled(x.div_floor(&(BigInt::from(1) << bits))), "{a} >> {bits}");
}

/// The bytes as a script, run in all modes, with settings that the first bytes choose.
pub fn bytes(data: &[u8]) {
    let (chosen, script) = data.split_at(data.len().min(4));
    let mut random = Random::of_bytes(chosen);
    let (run, compiled) = (Run::random(&mut random), Executor::compiled(&mut random));
    let mut runs: Vec<_> =
        Dispatch::ALL.iter().map(|&dispatch| Run { dispatch: Some(dispatch), ..run.clone() }).collect();
    // Compiled code is only entered with the dispatch `Auto`; this run enters what the others compiled.
    runs.push(Run { dispatch: Some(Dispatch::Auto), ..run });
    thread_local!(static COMPARER: RefCell<Comparer> = RefCell::default());
    COMPARER.with_borrow_mut(|comparer| {
        for (reference, subject) in [(OBSERVED, INTERPRETER), (OBSERVED, compiled), (Executor::Model, OBSERVED)] {
            comparer.assert_same(&Case { script: script.to_vec(), reference, subject, runs: runs.clone() });
        }
    });
}

/// Compares fast handlers with general ones, on the script that the bytes generate.
pub fn interp(data: &[u8]) {
    thread_local!(static WORKER: RefCell<Worker> = RefCell::new(Worker::new(Against::Interp)));
    WORKER.with_borrow_mut(|worker| check(worker, data));
}

/// Compares compiled code with the interpreter, on the script that the bytes generate.
pub fn jit(data: &[u8]) {
    thread_local!(static WORKER: RefCell<Worker> = RefCell::new(Worker::new(Against::Jit)));
    WORKER.with_borrow_mut(|worker| check(worker, data));
}

/// Compares the engine with the model, on the script that the bytes generate.
pub fn model(data: &[u8]) {
    thread_local!(static WORKER: RefCell<Worker> = RefCell::new(Worker::new(Against::Model)));
    WORKER.with_borrow_mut(|worker| check(worker, data));
}

/// Compares compiled code with the interpreter over the host, with the contracts and the script that
/// the bytes generate.
pub fn host(data: &[u8]) {
    thread_local!(static WORKER: RefCell<ChainWorker> = RefCell::default());
    WORKER.with_borrow_mut(|worker| {
        if let Some(case) = worker.check(&mut Random::of_bytes(data)) {
            fail(worker.explain(case));
        }
    });
}

fn check(worker: &mut Worker, data: &[u8]) {
    if let Some(case) = worker.check(&mut Random::of_bytes(data)) {
        fail(worker.explain(case));
    }
}

fn fail((case, text): (impl Serialize, String)) -> ! {
    panic!("{text}\n{}", serde_json::to_string(&case).unwrap_or_default());
}
