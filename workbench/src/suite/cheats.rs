//! The native contract that only tests have: it lets a method of a test say when it is, who signs, and what is to
//! happen.

use std::{
    cell::{OnceCell, RefCell},
    mem,
    path::{Component, Path, PathBuf},
};

use neovm::{
    Block, Caller, FaultKind, Hash160, Signer, StackItem, Transaction, WitnessScopes,
    chain::{Header, OracleResponse, UnsignedHeader, UnsignedTransaction},
    host::{
        ContractState, Executor,
        executor::Attached,
        native::{Finished, Method, NativeContract, argument},
        parameter::List,
    },
    types::{CallFlags, manifest::ParameterType},
};

use super::{
    base::{Files, management},
    blocks,
    value::{account, repeated},
};
use crate::files::refuse_link;

/// The contract. What runs its methods is attached to the execution of a test, see [`Cheats::attach`].
pub(crate) const CONTRACT: NativeContract = NativeContract::new("Test", -1000, HASH).with_methods(&[
    method("account", call::<0>)
        .with_parameters(&[("name", ParameterType::String)])
        .with_returns(ParameterType::Hash160),
    method("deploy", call::<DEPLOY>)
        .with_parameters(&[("name", ParameterType::String), ("data", ParameterType::Any)])
        .with_returns(ParameterType::Hash160),
    method("expectFault", call::<2>).with_parameters(&[("message", ParameterType::String)]),
    method("mine", call::<3>).with_parameters(&[("blocks", ParameterType::Integer)]),
    method("respondOracle", call::<4>).with_parameters(&[
        ("id", ParameterType::Integer),
        ("code", ParameterType::Integer),
        ("result", ParameterType::ByteArray),
    ]),
    method("setSigners", call::<5>).with_parameters(&[("accounts", ParameterType::Array)]),
    method("setTime", call::<6>).with_parameters(&[("milliseconds", ParameterType::Integer)]),
]);

/// What runs a method: it returns the result, or Null.
type Cheat = for<'s> fn(&'s Cheats, &mut Executor<'s>, &mut Caller<'_>) -> Result<StackItem, FaultKind>;

/// In the order of the methods.
const CHEATS: [Cheat; 7] = [named_account, deploy, expect_fault, mine, respond_oracle, set_signers, set_time];

/// The method that calls a contract.
const DEPLOY: usize = 1;

/// Calls what is attached, with the number of the method above its arguments.
fn call<const N: usize>(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<Finished, FaultKind> {
    let attached = executor.attached();
    let attached = attached.ok_or_else(|| fault("the native contract Test works in methods of tests alone"))?;
    caller.push(N as u64);
    let result = attached.call(executor, caller)?;
    Ok(match N {
        DEPLOY => Finished::Await(Box::new(|_, caller| {
            let deployed = ContractState::from_item(&caller.pop()?)?;
            Ok(Finished::value(deployed.hash))
        })),
        _ if result.is_null() => Finished::value(()),
        _ => Finished::value(result),
    })
}

/// `0x7e577e57...`: its bytes are reversed.
const HASH: Hash160 = {
    let mut bytes = [0x57; 20];
    let mut i = 1;
    while i < 20 {
        bytes[i] = 0x7e;
        i += 2;
    }
    Hash160(bytes)
};

const fn method(
    name: &'static str,
    handler: fn(&mut Executor<'_>, &mut Caller<'_>) -> Result<Finished, FaultKind>,
) -> Method {
    Method::new(name, handler).with_flags(CallFlags::ALL)
}

fn fault(message: impl ToString) -> FaultKind {
    FaultKind::Host(message.to_string())
}

/// What the contract works on in one execution.
#[derive(Debug, Default)]
pub(crate) struct Cheats {
    /// Where the files of contracts lie.
    folder: PathBuf,
    /// What the execution must end with, if it is to fault.
    pub(crate) expected: RefCell<Option<String>>,
    /// The accounts that were asked for, and their names.
    pub(crate) accounts: RefCell<Vec<(String, Hash160)>>,
    blocks: Kept<Vec<Block>>,
    headers: Kept<Header>,
    transactions: Kept<Transaction>,
}

impl Cheats {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.into(), ..Self::default() }
    }

    /// What runs the methods of the contract.
    pub(crate) fn attach(&self) -> Attached<'_> {
        Attached::new(move |executor, caller| {
            let number = caller.pop()?.to_i32()?;
            let cheat = usize::try_from(number).ok().and_then(|number| CHEATS.get(number));
            cheat.ok_or_else(|| fault("there is no such method"))?(self, executor, caller)
        })
    }
}

/// Values that stay as long as what holds them.
#[derive(Debug)]
struct Kept<T>(OnceCell<Box<(T, Self)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T> Kept<T> {
    fn keep(&self, value: T) -> &T {
        let mut end = self;
        while let Some(kept) = end.0.get() {
            end = &kept.1;
        }
        &end.0.get_or_init(|| Box::new((value, Self::default()))).0
    }
}

/// One after the other: a long chain would need much stack.
impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut kept) = next {
            next = mem::take(&mut kept.1.0).into_inner();
        }
    }
}

/// The header of the block that the rest runs in.
fn header(executor: &Executor<'_>) -> Result<Header, FaultKind> {
    let block = executor.block().ok_or_else(|| fault("there is no block"))?;
    Ok(Header::clone(&block))
}

fn interval(executor: &Executor<'_>) -> u64 {
    executor.settings().milliseconds_per_block.into()
}

fn named_account<'s>(
    cheats: &'s Cheats,
    _: &mut Executor<'s>,
    caller: &mut Caller<'_>,
) -> Result<StackItem, FaultKind> {
    let name: String = argument(caller, 0)?;
    let account = account(&name);
    let mut accounts = cheats.accounts.borrow_mut();
    if !accounts.iter().any(|(_, known)| *known == account) {
        accounts.push((name, account));
    }
    Ok(account.into())
}

fn set_time<'s>(
    cheats: &'s Cheats,
    executor: &mut Executor<'s>,
    caller: &mut Caller<'_>,
) -> Result<StackItem, FaultKind> {
    let timestamp: u64 = argument(caller, 0)?;
    let header = header(executor)?;
    if timestamp < header.timestamp {
        return Err(fault(format!("the time {timestamp} is before that of the block, {}", header.timestamp)));
    }
    let unsigned: &UnsignedHeader = &header;
    let header = blocks::header(&UnsignedHeader { timestamp, ..unsigned.clone() })?;
    let header = cheats.headers.keep(header);
    executor.set_block(header.into());
    Ok(StackItem::Null)
}

/// The block that the test runs in and those behind it are appended, empty; the rest runs in the next one.
fn mine<'s>(cheats: &'s Cheats, executor: &mut Executor<'s>, caller: &mut Caller<'_>) -> Result<StackItem, FaultKind> {
    let count: u64 = argument(caller, 0)?;
    let blocks = blocks::empty(header(executor)?, count, interval(executor))?;
    let blocks = cheats.blocks.keep(blocks);
    append(cheats, executor, blocks)?;
    Ok(StackItem::Null)
}

fn append<'s>(cheats: &'s Cheats, executor: &mut Executor<'s>, blocks: &'s [Block]) -> Result<(), FaultKind> {
    for block in blocks {
        let receipt = executor.execute_block(block)?;
        if let Some(fault) = receipt.transactions.into_iter().find_map(|receipt| receipt.fault) {
            return Err(fault.kind);
        }
    }
    if let Some(last) = blocks.last() {
        let next = blocks::following(last, interval(executor))?;
        let next = cheats.headers.keep(next);
        executor.set_block(next.into());
    }
    Ok(())
}

fn set_signers<'s>(
    cheats: &'s Cheats,
    executor: &mut Executor<'s>,
    caller: &mut Caller<'_>,
) -> Result<StackItem, FaultKind> {
    let List(accounts): List<Hash160> = argument(caller, 0)?;
    if let Some(account) = repeated(&accounts) {
        return Err(fault(format!("{account} signs twice")));
    }
    let transaction = executor.transaction().ok_or_else(|| fault("there is no transaction"))?;
    let mut signers: Vec<Signer> =
        accounts.into_iter().map(|account| Signer::new(account, WitnessScopes::GLOBAL)).collect();
    if signers.is_empty() {
        // Somebody must send the transaction.
        signers.push(Signer::new(Hash160::default(), WitnessScopes::NONE));
    }
    let unsigned: &UnsignedTransaction = transaction;
    let changed = UnsignedTransaction { signers, ..unsigned.clone() }.with_empty_witnesses().map_err(fault)?;
    let changed = cheats.transactions.keep(changed);
    executor.set_transaction(changed);
    Ok(StackItem::Null)
}

fn expect_fault<'s>(cheats: &'s Cheats, _: &mut Executor<'s>, caller: &mut Caller<'_>) -> Result<StackItem, FaultKind> {
    let message: String = argument(caller, 0)?;
    cheats.expected.replace(Some(message));
    Ok(StackItem::Null)
}

fn respond_oracle<'s>(
    cheats: &'s Cheats,
    executor: &mut Executor<'s>,
    caller: &mut Caller<'_>,
) -> Result<StackItem, FaultKind> {
    let (id, code): (u64, u8) = (argument(caller, 0)?, argument(caller, 1)?);
    let result: Vec<u8> = argument(caller, 2)?;
    let gas = executor.gas_for_oracle_response(id)?;
    let gas = gas.ok_or_else(|| fault(format!("no oracle request {id} waits for its answer")))?;
    let response = OracleResponse { id, code: blocks::code(&code.to_string())?, result };
    let block = blocks::answer(&header(executor)?, blocks::oracle(), response, gas)?;
    let blocks = cheats.blocks.keep(vec![block]);
    append(cheats, executor, blocks)?;
    Ok(StackItem::Null)
}

/// Refuses links on the way from a folder to the files of a contract.
fn refuse_links(folder: &Path, name: &Path, nef: &Path) -> Result<(), FaultKind> {
    let folders = name.ancestors().skip(1).map(|part| folder.join(part)).filter(|path| *path != *folder);
    for path in folders.filter(|path| !path.as_os_str().is_empty()).chain(Files::paths(nef)) {
        refuse_link(&path).map_err(|error| fault(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

/// Deploys a contract from files that lie beside those of the test.
fn deploy<'s>(
    cheats: &'s Cheats,
    executor: &mut Executor<'s>,
    caller: &mut Caller<'_>,
) -> Result<StackItem, FaultKind> {
    let (name, data): (String, StackItem) = (argument(caller, 0)?, argument(caller, 1)?);
    // A test reads nothing outside its folder.
    if !Path::new(&name).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(fault(format!("{name:?} is not the name of a contract in the folder of the test")));
    }
    let nef = cheats.folder.join(format!("{name}.nef"));
    refuse_links(&cheats.folder, Path::new(&name), &nef)?;
    let files = Files::read(&nef).map_err(fault)?;
    let arguments = vec![files.nef_bytes.into(), files.manifest_bytes.into(), data];
    executor.call_from_native(caller, HASH, management(), "deploy", arguments, true)?;
    Ok(StackItem::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_says_test() {
        assert_eq!(HASH.to_string(), format!("0x{}", "7e57".repeat(10)));
    }

    #[test]
    fn kept_values_stay_where_they_are() {
        let kept = Kept::default();
        let first: &String = kept.keep("one".into());
        for i in 0..1000 {
            kept.keep(i.to_string());
        }
        assert_eq!((first.as_str(), kept.keep("last".into()).as_str()), ("one", "last"));
    }
}
