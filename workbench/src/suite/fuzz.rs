//! Arguments and calls that are made up, and the smallest ones that fail.

use std::{cell::RefCell, num::NonZero};

use neovm::{
    Hash160, Integer, StackItem,
    types::{
        item::Map,
        manifest::{Method, ParameterType},
    },
};
use proptest::{
    prelude::*,
    strategy::{BoxedStrategy, Union},
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use super::{
    execute::{Record, Watch},
    methods::{MethodSuite, RandomCall, arguments},
    seeds::Seeds,
    value::account,
};

/// How much is tried.
#[derive(Clone, Debug)]
pub struct Effort {
    /// How many times a test with parameters runs, and how many sequences of calls an invariant sees.
    pub cases: NonZero<u32>,
    /// How many calls such a sequence has at most.
    pub depth: NonZero<usize>,
    /// What random numbers are made of; something else each time unless given.
    pub seed: Option<u64>,
}

impl Default for Effort {
    fn default() -> Self {
        let (cases, depth) = (NonZero::new(256_u32), NonZero::new(16_usize));
        Self { cases: cases.unwrap_or(NonZero::<u32>::MIN), depth: depth.unwrap_or(NonZero::<usize>::MIN), seed: None }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) message: String,
    /// The arguments that a test fails with.
    pub(crate) arguments: Vec<StackItem>,
    /// How they were found, for people.
    pub(crate) how: String,
}

impl Found {
    /// What is wrong before anything was made up.
    pub(crate) fn without_case(message: &str) -> Self {
        Self { message: message.into(), arguments: Vec::new(), how: String::new() }
    }
}

/// How long smaller cases are looked for, in milliseconds.
const MAX_SHRINK_TIME: u32 = 30_000;

/// Runs what fails to its smallest case. Seeds of failures are kept in a file, and tried first. If it is stopped,
/// that is an error without a value.
fn search<S: Strategy>(
    effort: &Effort,
    seeds: &Seeds,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), String>,
) -> Result<(), (String, Option<S::Value>)> {
    let config = Config {
        cases: effort.cases.get(),
        failure_persistence: Some(Box::new(seeds.clone())),
        max_shrink_iters: 10_000,
        max_shrink_time: MAX_SHRINK_TIME,
        // Only a test that was stopped is rejected, which ends the search.
        max_global_rejects: 0,
        ..Config::default()
    };
    let mut runner = match effort.seed {
        None => TestRunner::new(config),
        Some(seed) => {
            let bytes: Vec<u8> = seed.to_le_bytes().repeat(4);
            TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
        }
    };
    let ran = runner.run(strategy, |value| {
        let ended = if seeds.is_interrupted() { Ok(()) } else { test(value) };
        if seeds.is_interrupted() {
            return Err(TestCaseError::reject("interrupted"));
        }
        ended.map_err(TestCaseError::fail)
    });
    match ran {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, value)) => Err((reason.message().into(), Some(value))),
        Err(TestError::Abort(reason)) => Err((reason.message().into(), None)),
    }
}

impl MethodSuite {
    /// Runs a test with arguments that are made up by the types of its parameters.
    pub(crate) fn fuzz(
        &self,
        method: &Method,
        effort: &Effort,
        seeds: &Seeds,
        watch: &Watch,
        record: &mut Record,
    ) -> Result<(), Found> {
        let parameters: Vec<BoxedStrategy<StackItem>> =
            method.parameters.iter().map(|parameter| of_type(parameter.parameter_type, &self.hashes())).collect();
        let record = RefCell::new(record);
        let searched = search(effort, seeds, &parameters, |items| {
            let items = items.iter().map(|item| item.deep_copy(false)).collect();
            self.test(method, items, watch, &mut record.borrow_mut())
        });
        searched.map_err(|(message, items)| {
            let items = items.unwrap_or_default();
            let how = format!("{}({})", method.name, arguments(&items, &method.parameters));
            Found { message, arguments: items, how }
        })
    }

    /// Checks an invariant after each call of random sequences.
    pub(crate) fn check_invariant(
        &self,
        method: &Method,
        effort: &Effort,
        seeds: &Seeds,
        watch: &Watch,
        record: &mut Record,
    ) -> Result<(), Found> {
        let record = RefCell::new(record);
        let check = |suite: &Self| suite.test(method, Vec::new(), watch, &mut record.borrow_mut());
        check(self).map_err(|message| Found::without_case(&format!("before any call: {message}")))?;
        let Some(call) = self.any_call() else {
            return Err(Found::without_case("setUp has deployed nothing that could be called"));
        };
        let calls = prop::collection::vec(call, 1..=effort.depth.get());
        let searched = search(effort, seeds, &calls, |calls| {
            let mut suite = self.copy();
            for call in &calls {
                suite.call(call, watch, &mut record.borrow_mut())?;
                check(&suite)?;
            }
            Ok(())
        });
        searched.map_err(|(message, calls)| {
            let mut how = String::from("after");
            for RandomCall { contract, method, arguments: items, signer } in calls.unwrap_or_default() {
                let items = arguments(&items, &method.parameters);
                how +=
                    &format!("\n  {}.{}({items}), signed by {}", self.name(contract), method.name, self.name(signer));
            }
            Found { message, arguments: Vec::new(), how }
        })
    }

    /// Any call of what the setup has deployed, signed by anybody it knows.
    fn any_call(&self) -> Option<BoxedStrategy<RandomCall>> {
        let hashes = self.hashes();
        let signers = prop::sample::select(self.signers());
        let of_method = |contract: Hash160, method: &Method| {
            let items: Vec<_> = method.parameters.iter().map(|it| of_type(it.parameter_type, &hashes)).collect();
            let method = method.clone();
            let made = (items, signers.clone()).prop_map(move |(arguments, signer)| {
                let method = method.clone();
                RandomCall { contract, method, arguments, signer }
            });
            made.boxed()
        };
        let all: Vec<_> = self
            .targets
            .iter()
            .flat_map(|(contract, methods)| methods.iter().map(move |method| (*contract, method)))
            .map(|(contract, method)| of_method(contract, method))
            .collect();
        (!all.is_empty()).then(|| Union::new(all).boxed())
    }
}

/// Values for a parameter of a type: often small ones and those at the limits.
fn of_type(wanted: ParameterType, accounts: &[Hash160]) -> BoxedStrategy<StackItem> {
    use ParameterType as T;
    match wanted {
        T::Boolean => any::<bool>().prop_map(Into::into).boxed(),
        T::Integer => integers().prop_map(Into::into).boxed(),
        T::String => ".{0,20}".prop_map(StackItem::from).boxed(),
        T::ByteArray => bytes(0..=64).boxed(),
        T::Hash160 => {
            let known: Vec<Hash160> = accounts.iter().copied().chain([account("nobody")]).collect();
            let known = prop::sample::select(known).prop_map(StackItem::from);
            prop_oneof![4 => known, 1 => bytes(20..=20)].boxed()
        }
        T::Hash256 => bytes(32..=32).boxed(),
        T::PublicKey => public_keys().boxed(),
        T::Signature => bytes(64..=64).boxed(),
        T::Array => prop::collection::vec(simple(), 0..5).prop_map(StackItem::array).boxed(),
        T::Map => prop::collection::vec(("[a-z]{1,4}", simple()), 0..4)
            .prop_map(|entries| {
                let map = Map::new();
                for (key, value) in entries {
                    // A new map takes everything.
                    let _ = map.insert(key.into(), value);
                }
                StackItem::Map(map)
            })
            .boxed(),
        T::Any | T::InteropInterface | T::Void => prop_oneof![2 => Just(StackItem::Null), 3 => simple()].boxed(),
    }
}

fn simple() -> BoxedStrategy<StackItem> {
    prop_oneof![
        integers().prop_map(StackItem::from),
        any::<bool>().prop_map(StackItem::from),
        ".{0,8}".prop_map(StackItem::from),
    ]
    .boxed()
}

fn integers() -> BoxedStrategy<Integer> {
    let power = |(bits, off): (u32, i64)| {
        let power = Integer::from(2).pow(bits).and_then(|power| power.add(off.into()));
        power.unwrap_or(Integer::from(0))
    };
    let wide = any::<[u8; 32]>().prop_map(|bytes| Integer::from_le_bytes(&bytes).unwrap_or(Integer::from(0)));
    prop_oneof![
        4 => (-10_i64..1000).prop_map(Integer::from),
        3 => any::<i64>().prop_map(Integer::from),
        2 => (0_u32..255, -1_i64..=1).prop_map(power),
        1 => wide,
    ]
    .boxed()
}

fn bytes(sizes: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = StackItem> {
    prop::collection::vec(any::<u8>(), sizes).prop_map(StackItem::from)
}

/// Keys of the curve secp256r1, whose private keys are small numbers.
fn public_keys() -> impl Strategy<Value = StackItem> {
    const KEYS: [&str; 3] = [
        "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "037cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978",
        "025ecbe4d1a6330a44c8f7ef951d4bf165e6c6b721efada985fb41661bc6e7fd6c",
    ];
    prop::sample::select(KEYS.as_slice()).prop_map(|key| StackItem::from(hex::decode(key).unwrap_or_default()))
}
