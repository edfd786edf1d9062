//! The system calls of Neo's networks.
//!
//! Sources: `ApplicationEngine.*.cs` of the reference node.

/// The identifier, as in the operand of SYSCALL, and the name of each system call,
/// sorted by name.
pub const SYSCALLS: &[(u32, &str)] = &[
    (0x525b7d62, "System.Contract.Call"),
    (0x677bf71a, "System.Contract.CallNative"),
    (0x09e9336a, "System.Contract.CreateMultisigAccount"),
    (0x028799cf, "System.Contract.CreateStandardAccount"),
    (0x813ada95, "System.Contract.GetCallFlags"),
    (0x93bcdb2e, "System.Contract.NativeOnPersist"),
    (0x165da144, "System.Contract.NativePostPersist"),
    (0x3adcd09e, "System.Crypto.CheckMultisig"),
    (0x27b3e756, "System.Crypto.CheckSig"),
    (0x9ced089c, "System.Iterator.Next"),
    (0x1dbf54f3, "System.Iterator.Value"),
    (0xbc8c5ac3, "System.Runtime.BurnGas"),
    (0x8cec27f8, "System.Runtime.CheckWitness"),
    (0x8b18f1ac, "System.Runtime.CurrentSigners"),
    (0xced88814, "System.Runtime.GasLeft"),
    (0xdc92494c, "System.Runtime.GetAddressVersion"),
    (0x3c6e5339, "System.Runtime.GetCallingScriptHash"),
    (0x38e2b4f9, "System.Runtime.GetEntryScriptHash"),
    (0x74a8fedb, "System.Runtime.GetExecutingScriptHash"),
    (0x43112784, "System.Runtime.GetInvocationCounter"),
    (0xe0a0fbc5, "System.Runtime.GetNetwork"),
    (0xf1354327, "System.Runtime.GetNotifications"),
    (0x28a9de6b, "System.Runtime.GetRandom"),
    (0x3008512d, "System.Runtime.GetScriptContainer"),
    (0x0388c3b7, "System.Runtime.GetTime"),
    (0xa0387de9, "System.Runtime.GetTrigger"),
    (0x8f800cb3, "System.Runtime.LoadScript"),
    (0x9647e7cf, "System.Runtime.Log"),
    (0x616f0195, "System.Runtime.Notify"),
    (0xf6fc79b2, "System.Runtime.Platform"),
    (0xe9bf4c76, "System.Storage.AsReadOnly"),
    (0xedc5582f, "System.Storage.Delete"),
    (0x9ab830df, "System.Storage.Find"),
    (0x31e85d92, "System.Storage.Get"),
    (0xce67f69b, "System.Storage.GetContext"),
    (0xe26bb4f6, "System.Storage.GetReadOnlyContext"),
    (0x94f55475, "System.Storage.Local.Delete"),
    (0xf3527607, "System.Storage.Local.Find"),
    (0xe85e8dd5, "System.Storage.Local.Get"),
    (0x0ae30c39, "System.Storage.Local.Put"),
    (0x84183fe6, "System.Storage.Put"),
];

/// Returns the name of a system call of Neo's networks.
pub fn syscall_name(id: u32) -> Option<&'static str> {
    SYSCALLS.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}
