; A token of the standard NEP-17, whose supply belongs to who deploys it.
;
; The total supply is stored under the key 0x00, the balance of an account
; under 0x01 and the account.

symbol: PUSHDATA1 "TOKEN"
        RET

decimals: PUSH8
        RET

totalSupply: PUSHDATA1 0x00
        SYSCALL System.Storage.GetReadOnlyContext
        SYSCALL System.Storage.Get
        CONVERT Integer
        RET

; balanceOf(account)
balanceOf: DUP
        SIZE
        PUSHINT8 20
        NUMEQUAL
        ASSERT
; The balance of an account that was checked.
balance: PUSHDATA1 0x01
        SWAP
        CAT
        SYSCALL System.Storage.GetReadOnlyContext
        SYSCALL System.Storage.Get
        DUP
        ISNULL
        JMPIFNOT found
        DROP
        PUSH0
        RET
found:  CONVERT Integer
        RET

; transfer(from, to, amount, data)
transfer: INITSLOT 0, 4
        LDARG0
        SIZE
        PUSHINT8 20
        NUMEQUAL
        ASSERT
        LDARG1
        SIZE
        PUSHINT8 20
        NUMEQUAL
        ASSERT
        LDARG2
        PUSH0
        GE
        ASSERT
        LDARG0
        SYSCALL System.Runtime.CheckWitness
        JMPIFNOT_L refuse
        LDARG0
        CALL balance
        LDARG2
        LT
        JMPIF refuse
        LDARG2
        NEGATE
        LDARG0
        CALL add
        LDARG2
        LDARG1
        CALL add
        LDARG2
        LDARG1
        LDARG0
        CALL_L notify
; A contract is told of what it gets.
        LDARG1
        PUSH1
        PACK
        PUSH5
        PUSHDATA1 "getContract"
        PUSHDATA1 0xfda3fa4346ea532a258fc497ddaddb6437c9fdff
        SYSCALL System.Contract.Call
        ISNULL
        JMPIF done
        LDARG3
        LDARG2
        LDARG0
        PUSH3
        PACK
        PUSH15
        PUSHDATA1 "onNEP17Payment"
        LDARG1
        SYSCALL System.Contract.Call
        DROP
done:   PUSHT
        RET
refuse: PUSHF
        RET

; Adds to the balance of an account: add(account, amount).
add:    INITSLOT 1, 2
        LDARG0
        CALL_L balance
        LDARG1
        ADD
        STLOC0
        LDLOC0
        JMPIF put
        LDARG0
        CALL key
        SYSCALL System.Storage.GetContext
        SYSCALL System.Storage.Delete
        RET
put:    LDLOC0
        LDARG0
        CALL key
        SYSCALL System.Storage.GetContext
        SYSCALL System.Storage.Put
        RET

; The key of an account's balance.
key:    PUSHDATA1 0x01
        SWAP
        CAT
        RET

; Sends the event Transfer(from, to, amount).
notify: PUSH3
        PACK
        PUSHDATA1 "Transfer"
        SYSCALL System.Runtime.Notify
        RET

; _deploy(data, update): a million tokens for who deploys the contract.
_deploy: INITSLOT 1, 2
        LDARG1
        JMPIF end
        SYSCALL System.Runtime.GetScriptContainer
        PUSH3
        PICKITEM
        STLOC0
        PUSHINT64 100000000000000
        PUSHDATA1 0x00
        SYSCALL System.Storage.GetContext
        SYSCALL System.Storage.Put
        PUSHINT64 100000000000000
        LDLOC0
        CALL add
        PUSHINT64 100000000000000
        LDLOC0
        PUSHNULL
        CALL notify
end:    RET
