//! A chain with contracts that tests assemble.

// Each test file uses some of it.
#![allow(dead_code)]

use neovm::{
    Chain, Execution, Hash160, Outcome, ProtocolSettings, Receipt, Signer, StackItem, WitnessScopes,
    chain::contract::bft_address,
    host::Invocation,
    types::{NefFile, assemble},
};

/// A private network.
pub(crate) fn chain() -> Chain {
    Chain::new(ProtocolSettings::private()).expect("a chain")
}

/// The account that has all GAS.
pub(crate) fn owner(chain: &Chain) -> Signer {
    let account = bft_address(chain.network().settings().standby_validators()).expect("validators");
    Signer::new(account, WitnessScopes::GLOBAL)
}

/// Deploys a contract with one method, whose parameters have these types.
pub(crate) fn deploy(
    chain: &mut Chain,
    [name, method]: [&str; 2],
    text: &str,
    parameters: &[&str],
    returned: &str,
) -> Hash160 {
    let parameter = |(i, kind): (usize, &&str)| format!(r#"{{"name":"p{i}","type":"{kind}"}}"#);
    let parameters = parameters.iter().enumerate().map(parameter).collect::<Vec<_>>().join(",");
    let manifest = format!(
        r#"{{"name":"{name}","groups":[],"features":{{}},"supportedstandards":[],"abi":{{"methods":[
            {{"name":"{method}","parameters":[{parameters}],"returntype":"{returned}","offset":0,"safe":false}}],"events":[]}},
            "permissions":[{{"contract":"*","methods":"*"}}],"trusts":[],"extra":null}}"#
    );
    let script = assemble(text).expect("a script");
    let nef = NefFile { compiler: "test".into(), source: String::new(), tokens: Vec::new(), script };
    let owner = owner(chain);
    let contract = chain.deploy(owner, &nef.to_bytes().expect("a file"), manifest.as_bytes()).expect("deployed");
    contract.state().hash
}

/// A call by the account that has all GAS.
pub(crate) fn call(chain: &Chain, contract: Hash160, method: &str, arguments: Vec<StackItem>) -> Invocation {
    let invocation = Invocation::call(contract, method, arguments).expect("a script");
    invocation.with_signer(owner(chain)).with_gas(20_0000_0000)
}

/// Runs a call and looks on.
pub(crate) fn watch(
    chain: &Chain,
    invocation: &Invocation,
    mut before: impl FnMut(&Execution<'_>),
    end: impl FnOnce(&Execution<'_>, &Outcome),
) -> Receipt {
    let pending = chain.prepare(invocation).expect("prepared");
    let mut execution = Execution::new(chain.network(), chain.store(), &pending.job()).expect("an execution");
    let outcome = execution.run_watched(|execution| before(execution));
    end(&execution, &outcome);
    execution.finish()
}
