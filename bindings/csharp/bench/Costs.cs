using System;
using System.Linq;
using System.Runtime.InteropServices;
using Neovm;

/// <summary>
/// What calls cost, in nanoseconds of processor time: the median of several rounds, and the least and the greatest.
/// capi/tests/c/costs.c measures the same in C.
/// </summary>
static class Costs
{
    const int Rounds = 15;
    static readonly byte[] neo =
    {
        0xf5, 0x63, 0xea, 0x40, 0xbc, 0x28, 0x3d, 0x4d, 0x0e, 0x05, 0xc4, 0x8e, 0xa3, 0x05, 0xb3, 0xf2, 0xa0, 0x73, 0x40, 0xef,
    };

    struct Time
    {
        internal IntPtr Seconds, Nanoseconds;
    }

    [DllImport("libc")]
    static extern int clock_gettime(int clock, out Time time);

    /// <summary>The processor time of this process, in nanoseconds.</summary>
    static double Now()
    {
        const int ProcessTime = 2;
        Time time;
        clock_gettime(ProcessTime, out time);
        return (double)time.Seconds * 1e9 + (double)time.Nanoseconds;
    }

    static void Main()
    {
        using (var engine = new Engine(new EngineOptions { Network = "private", Compile = Compile.Never }))
        using (var machine = new Machine(engine))
        {
            int sum = 0;
            Console.WriteLine("| | ns | range |\n|---|---|---|");
            Measure("a call of a function", 1000000, count =>
            {
                for (int i = 0; i < count; i++)
                    sum += Library.AbiVersion;
            });
            Measure("a call that takes a machine", 1000000, count =>
            {
                for (int i = 0; i < count; i++)
                    machine.SetBudget(0);
            });
            SystemCalls(engine);
            Executions(engine);
        }
    }

    static void Measure(string name, int count, Action<int> run)
    {
        Measure(name, () =>
        {
            var begun = Now();
            run(count);
            return (Now() - begun) / count;
        });
    }

    static void Measure(string name, Func<double> round)
    {
        round();
        var rounds = Enumerable.Range(0, Rounds).Select(i => round()).OrderBy(it => it).ToArray();
        Console.WriteLine("| {0} | {1} | {2} to {3} |", name, Show(rounds[Rounds / 2]), Show(rounds[0]), Show(rounds[Rounds - 1]));
    }

    static string Show(double value)
    {
        return value.ToString(value < 100 ? "0.0" : "#,0", System.Globalization.CultureInfo.InvariantCulture);
    }

    static void SystemCalls(Engine engine)
    {
        Measure("a system call whose call-back does nothing", () => Turns(engine, (machine, id) => { }) - Turns(engine, null));
        Measure("a system call with one argument popped as an integer, and one pushed", () =>
            Turns(engine, (machine, id) => machine.Push(machine.Pop(As.Integer))) - Turns(engine, null));
        var bytes = new byte[20];
        Measure("a system call that pops bytes and pushes 20 bytes", () =>
            Turns(engine, (machine, id) => { machine.Pop(As.Bytes); machine.Push(bytes); }) - Turns(engine, null));
    }

    /// <summary>A turn of a loop with a system call, or with NOPs in its place.</summary>
    static double Turns(Engine engine, Action<Machine, uint> systemCall)
    {
        // PUSHINT32 100000; DUP, then SYSCALL or NOPs, DROP; DEC, DUP, JMPIF back; DROP
        var script = new byte[] { 0x02, 0xa0, 0x86, 0x01, 0x00, 0x4a, 0x41, 1, 2, 3, 4, 0x45, 0x9d, 0x4a, 0x24, 0xf7, 0x45 };
        if (systemCall == null)
            for (int i = 6; i < 11; i++)
                script[i] = 0x21;
        using (var machine = new Machine(engine, null, new MachineHost { SystemCall = systemCall }))
        {
            machine.Load(script);
            var begun = Now();
            if (machine.Run() != Outcome.Halt)
                throw new Exception(machine.State.Fault);
            return (Now() - begun) / 100000;
        }
    }

    static void Executions(Engine engine)
    {
        var state = new MemoryStorage();
        var executor = new Executor(engine, state);
        var genesis = new BlockFields { Timestamp = 1468595301000, NextConsensus = new byte[20] };
        byte[] holder = null;
        foreach (var trigger in new[] { Trigger.OnPersist, Trigger.PostPersist })
        {
            var persisted = executor.Run(new Job { Trigger = trigger, BlockFields = genesis });
            state.Apply(persisted);
            var sent = persisted.Notifications.FirstOrDefault(it => it.Contract.SequenceEqual(neo) && it.Event == "Transfer");
            holder = sent == null ? holder : sent.State.Items[1].Bytes;
        }
        var nothing = new Job { Gas = 100000000, Script = new byte[] { 0x40 } };
        Measure("an execution: the shortest script", 2000, count => Run(executor, nothing, count));
        var symbol = new Job { Gas = 2000000000, Call = new Call(neo, "symbol") };
        Measure("an execution: a call of symbol", 2000, count => Run(executor, symbol, count));
        var block = new BlockFields { Index = 1, Timestamp = 1468595302000 };
        var transfer = new Job { Gas = 2000000000, Transaction = Transfer(holder), BlockFields = block };
        var receipt = executor.Run(transfer);
        if (receipt.Outcome != Outcome.Halt || receipt.Notifications.Count == 0)
            throw new Exception(receipt.Fault == null ? "nothing was transferred" : receipt.Fault.Message);
        Measure("a transaction: a transfer of NEO, " + receipt.Changes.Count + " changes", 1000, count => Run(executor, transfer, count));
    }

    static void Run(Executor executor, Job job, int count)
    {
        for (int i = 0; i < count; i++)
            executor.Run(job);
    }

    /// <summary>A transaction that transfers one NEO from its sender to another account.</summary>
    static byte[] Transfer(byte[] from)
    {
        var to = Enumerable.Repeat((byte)7, 20).ToArray();
        // PUSHNULL PUSH1 to from PUSH4 PACK All "transfer" NeoToken SYSCALL System.Contract.Call
        var script = new byte[] { 0x0b, 0x11, 0x0c, 20 }.Concat(to).Concat(new byte[] { 0x0c, 20 }).Concat(from)
            .Concat(new byte[] { 0x14, 0xc0, 0x1f, 0x0c, 8 }).Concat(System.Text.Encoding.ASCII.GetBytes("transfer"))
            .Concat(new byte[] { 0x0c, 20 }).Concat(neo).Concat(new byte[] { 0x41, 0x62, 0x7d, 0x5b, 0x52 }).ToArray();
        // Version, nonce, system fee, network fee, valid until; one signer, CalledByEntry; no attributes; script; a witness.
        return new byte[25].Concat(new byte[] { 1 }).Concat(from).Concat(new byte[] { 1, 0, (byte)script.Length })
            .Concat(script).Concat(new byte[] { 1, 0, 0 }).ToArray();
    }
}
