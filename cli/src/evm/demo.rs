//! The EVM's part of `neovm demo`.

use anyhow::{Context, Result, ensure};
use neovm::storage::{Layer, MemoryStore};
use neovm_evm::{
    BlockEnv, Evm, Fork, Message, Receipt, World,
    primitives::{Address, Bytes, TxKind, U256, hex},
};

use super::run::SENDER;

/// (15 + 25) / 2, returned.
const ARITHMETIC: &str = "6002600f601901045f5260205ff3";

/// Makes a contract that counts its calls.
const COUNTER: &str = "6d5f54600101805f555f5260205ff35f52600e6012f3";

/// The address at which the first code is called.
const CODE: Address = Address::repeat_byte(0xc0);

/// What is shown: arithmetic, and a contract that is made and called.
pub(crate) fn show(say: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let (evm, store) = (Evm::new(Fork::LATEST, 1), MemoryStore::default());
    let layer = Layer::over(&store);
    let world = World::new(&layer);
    let execute = |to, input: Bytes| -> Result<Receipt> {
        let message = Message { caller: SENDER, to, value: U256::ZERO, input, gas: 1_000_000, is_static: false };
        let receipt = evm.call(&world, &BlockEnv::default(), &message, 0)?;
        ensure!(receipt.status.is_success(), "the EVM {}", receipt.status);
        Ok(receipt)
    };
    let code = hex::decode(ARITHMETIC)?;
    evm.state(&layer).set_account(CODE, 1, U256::ZERO, &code)?;
    let lines: String = neovm_evm::instructions(&code).map(|instruction| format!("    {instruction}\n")).collect();
    say(&lines)?;
    let receipt = execute(TxKind::Call(CODE), Bytes::new())?;
    say(&format!("{} with {}, for {} gas\n", receipt.status, number(&receipt), receipt.gas_used))?;
    say("A contract that counts its calls:\n")?;
    let made = execute(TxKind::Create, hex::decode(COUNTER)?.into())?;
    let contract = made.created.context("no contract was made")?;
    say(&format!("deployed  {contract}, for {} gas", made.gas_used))?;
    for _ in 0..2 {
        let receipt = execute(TxKind::Call(contract), Bytes::new())?;
        say(&format!("called    returns {}, for {} gas", number(&receipt), receipt.gas_used))?;
    }
    Ok(())
}

fn number(receipt: &Receipt) -> U256 {
    U256::try_from_be_slice(&receipt.output).unwrap_or_default()
}
