using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Numerics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Neovm
{
    /// <summary>What a machine is made with. Members that are not set have their defaults.</summary>
    public sealed class MachineOptions
    {
        /// <summary>The gas limit, in datoshi; 0 for the greatest one.</summary>
        public long Gas { get; set; }

        /// <summary>What a price unit costs, in picoGAS; 300,000 by default.</summary>
        public ulong FeeFactor { get; set; }

        /// <summary>The number of instructions after which it stops; 0 for no limit.</summary>
        public ulong Budget { get; set; }

        /// <summary>
        /// The name of the hardfork whose rules are followed, such as <c>Gorgon</c>; by default the last one that is
        /// active on MainNet. A reset does not change it.
        /// </summary>
        public string Hardfork { get; set; }
    }

    /// <summary>
    /// What a machine asks of its host. Members that are not set are faults when they are needed, but
    /// <see cref="Unloaded"/>.
    /// </summary>
    /// <remarks>
    /// A <see cref="FaultException"/> ends the execution with a fault, as does a <see cref="NeovmException"/> of the machine
    /// with <see cref="Status.Fault"/>; a <see cref="ScriptException"/> can be caught by the script. Any other
    /// exception ends the execution with <see cref="Outcome.Callback"/>, and comes out of <see cref="Machine.Run"/>.
    /// </remarks>
    public sealed class MachineHost
    {
        /// <summary>Runs a system call, of a number.</summary>
        public Action<Machine, uint> SystemCall { get; set; }

        /// <summary>Runs CALLT: calls what a method token stands for.</summary>
        public Action<Machine, ushort> CallToken { get; set; }

        /// <summary>
        /// Called after a script was unloaded, with the number that <see cref="Machine.Load"/> gave, and with whether an
        /// exception passed through it.
        /// </summary>
        public Action<Machine, ulong, bool> Unloaded { get; set; }
    }

    /// <summary>How a script is loaded.</summary>
    public sealed class LoadOptions
    {
        /// <summary>Where it starts, in bytes.</summary>
        public int Position { get; set; }

        /// <summary>How many items it must return; any number if null.</summary>
        public int? ReturnCount { get; set; }

        /// <summary>Whether its instructions and fees are free.</summary>
        public bool IsFree { get; set; }
    }

    /// <summary>The state of a machine.</summary>
    public sealed class MachineState
    {
        internal unsafe MachineState(neovm_machine_data* data)
        {
            Outcome = (Outcome)data->outcome;
            GasPico = (new BigInteger(data->gas_pico_high) << 64) + data->gas_pico_low;
            Instructions = data->instructions;
            References = data->references;
            Depth = (int)data->depth;
            StackSize = (int)data->stack_size;
            ResultCount = (int)data->result_count;
            Position = data->position;
            OpCode = data->opcode;
            Load = data->load;
            Fault = Library.Text(data->fault);
        }

        /// <summary>How the execution ended.</summary>
        public Outcome Outcome { get; }

        /// <summary>The gas that was consumed, in picoGAS.</summary>
        public BigInteger GasPico { get; }

        /// <summary>The number of instructions.</summary>
        public ulong Instructions { get; }

        /// <summary>The consensus count of items.</summary>
        public long References { get; }

        /// <summary>The number of contexts on the invocation stack.</summary>
        public int Depth { get; }

        /// <summary>The number of items on the stack of the current context.</summary>
        public int StackSize { get; }

        /// <summary>The number of results.</summary>
        public int ResultCount { get; }

        /// <summary>Where the current context is, in bytes; -1 if there is none.</summary>
        public long Position { get; }

        /// <summary>The instruction there; -1 if there is none.</summary>
        public int OpCode { get; }

        /// <summary>The number of the script that is running; 0 if there is none.</summary>
        public ulong Load { get; }

        /// <summary>Why it faulted.</summary>
        public string Fault { get; }
    }

    /// <summary>
    /// A machine: it runs scripts, and leaves system calls to its host. It belongs to the thread that made it; on others all
    /// its members throw.
    /// </summary>
    /// <remarks>
    /// Dispose of it on its thread. What is disposed of elsewhere, or forgotten, is freed when the thread makes another
    /// machine or ends.
    /// </remarks>
    public sealed unsafe class Machine : IDisposable
    {
        const int Failed = -1;

        // The library holds what they point to, so they live as long as the program.
        static readonly neovm_host_system_call systemCall = SystemCall;
        static readonly neovm_host_call_token callToken = CallToken;
        static readonly neovm_host_unloaded unloaded = Unloaded;
        static readonly IntPtr systemCallPointer = Marshal.GetFunctionPointerForDelegate(systemCall);
        static readonly IntPtr callTokenPointer = Marshal.GetFunctionPointerForDelegate(callToken);
        static readonly IntPtr unloadedPointer = Marshal.GetFunctionPointerForDelegate(unloaded);

        /// <summary>Machines of this thread that others could not free.</summary>
        [ThreadStatic]
        static ConcurrentQueue<ulong> orphans;

        readonly ConcurrentQueue<ulong> owner;
        readonly int thread = Thread.CurrentThread.ManagedThreadId;
        readonly MachineHost host;
        readonly InterruptHandle interrupt = new InterruptHandle();
        readonly List<object> objects = new List<object>();
        readonly ulong handle;
        // Weak, so that a machine that is forgotten is collected. While it runs, `Run` holds it.
        GCHandle self;
        ExceptionDispatchInfo failure;
        bool isRunning, isDisposed;

        /// <summary>Makes a machine. Decoded scripts come from the engine, whose network does not matter.</summary>
        /// <exception cref="NeovmException">The options cannot be used.</exception>
        public Machine(Engine engine, MachineOptions options = null, MachineHost host = null)
        {
            if (engine == null)
                throw new ArgumentNullException(nameof(engine));
            FreeOrphans();
            owner = orphans;
            this.host = host ?? new MachineHost();
            self = GCHandle.Alloc(this, GCHandleType.Weak);
            var table = new neovm_host
            {
                size = (UIntPtr)sizeof(neovm_host),
                context = (void*)GCHandle.ToIntPtr(self),
                system_call = this.host.SystemCall == null ? null : (void*)systemCallPointer,
                call_token = this.host.CallToken == null ? null : (void*)callTokenPointer,
                unloaded = this.host.Unloaded == null ? null : (void*)unloadedPointer,
            };
            ulong made;
            var message = new neovm_message { size = (UIntPtr)sizeof(neovm_message) };
            using (var pins = new Pins())
            {
                var native = Write(options, pins);
                var number = engine.Handle.Acquire();
                try
                {
                    NeovmException.Check(Native.neovm_machine_new(number, &native, &table, &made, &message), &message);
                }
                finally
                {
                    engine.Handle.Release();
                }
            }
            handle = made;
        }

        /// <summary>Leaves the machine to its thread.</summary>
        ~Machine()
        {
            if (handle != 0)
                owner.Enqueue(handle);
            Close();
        }

        static void FreeOrphans()
        {
            orphans = orphans ?? new ConcurrentQueue<ulong>();
            ulong orphan;
            while (orphans.TryDequeue(out orphan))
                Native.neovm_machine_free(orphan);
        }

        neovm_machine_options Write(MachineOptions options, Pins pins)
        {
            options = options ?? new MachineOptions();
            return new neovm_machine_options
            {
                size = (UIntPtr)sizeof(neovm_machine_options),
                gas = options.Gas,
                fee_factor = options.FeeFactor,
                budget = options.Budget,
                interrupt = interrupt.Number,
                hardfork = pins.Add(options.Hardfork),
            };
        }

        internal ulong Handle
        {
            get
            {
                if (isDisposed)
                    throw new ObjectDisposedException(nameof(Machine));
                return handle;
            }
        }

        internal void Check(int status)
        {
            NeovmException.CheckFor(this, status);
        }

        bool IsOnOwnThread
        {
            get { return Thread.CurrentThread.ManagedThreadId == thread; }
        }

        /// <summary>The number of the machine, for what changes more than the library's machine.</summary>
        ulong OwnHandle
        {
            get
            {
                var number = Handle;
                if (!IsOnOwnThread)
                    throw new NeovmException(Status.Handle, "the machine is another thread's");
                return number;
            }
        }

        /// <summary>Frees the machine and all its items. In a system call, when the execution has ended.</summary>
        public void Dispose()
        {
            if (isDisposed)
                return;
            isDisposed = true;
            // On another thread the finalizer does it, when the machine runs no more.
            if (!isRunning && IsOnOwnThread)
                Free();
        }

        void Free()
        {
            GC.SuppressFinalize(this);
            Native.neovm_machine_free(handle);
            Close();
        }

        void Close()
        {
            if (self.IsAllocated)
                self.Free();
            if (interrupt != null)
                interrupt.Dispose();
        }

        /// <summary>Empties the machine for another execution. All items are released, and objects of the host forgotten.</summary>
        public void Reset(MachineOptions options = null)
        {
            using (var pins = new Pins())
            {
                var number = OwnHandle;
                var native = Write(options, pins);
                Check(Native.neovm_machine_reset(number, &native));
            }
            failure = null;
            objects.Clear();
        }

        /// <summary>
        /// Loads a script on top of the invocation stack, with a stack of its own: what is pushed next are its arguments. In
        /// a system call, it runs when that returns. Returns a number that no other script of the machine has.
        /// </summary>
        /// <exception cref="NeovmException">The machine cannot take another script: <see cref="Status.Fault"/>.</exception>
        public ulong Load(byte[] script, LoadOptions options = null)
        {
            if (script == null)
                throw new ArgumentNullException(nameof(script));
            options = options ?? new LoadOptions();
            if (options.Position < 0 || options.ReturnCount < 0)
                throw new ArgumentOutOfRangeException(nameof(options));
            var native = new neovm_load_options
            {
                size = (UIntPtr)sizeof(neovm_load_options),
                position = (UIntPtr)options.Position,
                return_count = (uint)(options.ReturnCount ?? 0),
                checks_return_count = options.ReturnCount.HasValue ? 1u : 0u,
                is_free = options.IsFree ? 1u : 0u,
            };
            ulong load;
            fixed (byte* bytes = script)
                Check(Native.neovm_machine_load(Handle, bytes, (UIntPtr)script.Length, &native, &load));
            return load;
        }

        /// <summary>
        /// Puts a context on the invocation stack that starts at a position of the current script and shares its stack.
        /// </summary>
        public void Call(int position)
        {
            if (position < 0)
                throw new ArgumentOutOfRangeException(nameof(position));
            Check(Native.neovm_machine_call(Handle, (UIntPtr)position));
        }

        /// <summary>
        /// Runs until the execution ends or is stopped by its budget; it then goes on at the next call. What a system call of
        /// the host threw comes out as it is; the machine must be reset then.
        /// </summary>
        /// <exception cref="OperationCanceledException">
        /// The token was cancelled before the script ended; the execution goes on at the next call.
        /// </exception>
        public Outcome Run(CancellationToken token = default(CancellationToken))
        {
            token.ThrowIfCancellationRequested();
            var number = OwnHandle;
            if (isRunning)
                throw new NeovmException(Status.Busy, "the machine is running");
            interrupt.Set(false);
            using (interrupt.SetBy(token))
            {
                var outcome = Drive(number, false);
                if (outcome == Outcome.Interrupted)
                    throw new OperationCanceledException(token);
                return outcome;
            }
        }

        /// <summary>Runs one instruction, regardless of the budget. Returns how the execution ended, if it has.</summary>
        public Outcome Step()
        {
            return Drive(OwnHandle, true);
        }

        Outcome Drive(ulong number, bool isStep)
        {
            bool isOuter = !isRunning;
            uint outcome;
            isRunning = true;
            try
            {
                Check(isStep ? Native.neovm_machine_step(number, &outcome) : Native.neovm_machine_run(number, &outcome));
            }
            finally
            {
                if (isOuter)
                {
                    isRunning = false;
                    if (isDisposed)
                        Free();
                }
            }
            if (failure != null)
                failure.Throw();
            return (Outcome)outcome;
        }

        /// <summary>Sets how many instructions may run from now on; 0 for no limit.</summary>
        public void SetBudget(ulong instructions)
        {
            Check(Native.neovm_machine_set_budget(Handle, instructions));
        }

        /// <summary>The state of the machine.</summary>
        public MachineState State
        {
            get
            {
                var data = new neovm_machine_data { size = (UIntPtr)sizeof(neovm_machine_data) };
                Check(Native.neovm_machine_view(Handle, &data));
                return new MachineState(&data);
            }
        }

        /// <summary>The results of an execution that has ended, the top last.</summary>
        public Value[] Results()
        {
            int count = State.ResultCount;
            var native = new neovm_value[count];
            fixed (neovm_value* values = native)
            {
                Check(Native.neovm_machine_results(Handle, UIntPtr.Zero, (UIntPtr)count, values));
                return Read(values, count);
            }
        }

        /// <summary>
        /// Pops items off the stack of the current context, the top first, each as its type says, as the arguments of a
        /// system call come.
        /// </summary>
        /// <exception cref="NeovmException">
        /// There are fewer, or one cannot be converted: <see cref="Status.Fault"/>. Those before it are popped.
        /// </exception>
        public Value[] Pop(params As[] types)
        {
            if (types == null)
                throw new ArgumentNullException(nameof(types));
            var native = new neovm_value[types.Length];
            fixed (As* kinds = types)
            fixed (neovm_value* values = native)
            {
                Check(Native.neovm_machine_pop(Handle, (byte*)kinds, (UIntPtr)types.Length, values));
                return Read(values, types.Length);
            }
        }

        /// <summary>Pops one item off the stack of the current context, as a type says.</summary>
        public Value Pop(As type)
        {
            neovm_value value;
            Check(Native.neovm_machine_pop(Handle, (byte*)&type, (UIntPtr)1, &value));
            return Value.Read(&value, this);
        }

        /// <summary>Pushes values on the stack of the current context, the last one on top.</summary>
        public void Push(params Value[] values)
        {
            if (values == null)
                throw new ArgumentNullException(nameof(values));
            using (var pins = new Pins())
            fixed (neovm_value* native = Write(values, pins))
                Check(Native.neovm_machine_push(Handle, native, (UIntPtr)values.Length));
        }

        /// <summary>Pushes a value on the stack of the current context.</summary>
        public void Push(Value value)
        {
            using (var pins = new Pins())
            {
                var native = value.Write(this, pins);
                Check(Native.neovm_machine_push(Handle, &native, (UIntPtr)1));
            }
        }

        /// <summary>The item at a depth from the top of the current context's stack, 0 for the top. It stays there.</summary>
        public Value Peek(int depth)
        {
            if (depth < 0)
                throw new ArgumentOutOfRangeException(nameof(depth));
            neovm_value value;
            Check(Native.neovm_machine_peek(Handle, (UIntPtr)depth, &value));
            return Value.Read(&value, this);
        }

        /// <summary>Charges a fee in picoGAS.</summary>
        /// <exception cref="NeovmException">There is not so much gas: <see cref="Status.Fault"/>.</exception>
        public void AddFee(ulong pico)
        {
            Check(Native.neovm_machine_add_fee(Handle, pico));
        }

        /// <summary>Makes an item of a value.</summary>
        public Item NewItem(Value value)
        {
            ulong item;
            using (var pins = new Pins())
            {
                var native = value.Write(this, pins);
                Check(Native.neovm_item_new(Handle, &native, &item));
            }
            return new Item(this, item);
        }

        /// <summary>
        /// Makes an Array or Struct of values, a Map of keys and values in turn, or a Buffer, whose one value is its bytes.
        /// </summary>
        public Item NewCompound(ItemType type, params Value[] values)
        {
            if (values == null)
                throw new ArgumentNullException(nameof(values));
            ulong item;
            using (var pins = new Pins())
            fixed (neovm_value* native = Write(values, pins))
                Check(Native.neovm_item_new_compound(Handle, (uint)type, native, (UIntPtr)values.Length, &item));
            return new Item(this, item);
        }

        /// <summary>Makes an item of bytes that were serialized.</summary>
        public Item Deserialize(byte[] serialized)
        {
            if (serialized == null)
                throw new ArgumentNullException(nameof(serialized));
            ulong item;
            fixed (byte* bytes = serialized)
                Check(Native.neovm_item_deserialize(Handle, bytes, (UIntPtr)serialized.Length, &item));
            return new Item(this, item);
        }

        internal Value[] Read(neovm_value* native, int count)
        {
            var values = new Value[count];
            for (int i = 0; i < count; i++)
                values[i] = Value.Read(native + i, this);
            return values;
        }

        neovm_value[] Write(Value[] values, Pins pins)
        {
            var native = new neovm_value[values.Length];
            for (int i = 0; i < values.Length; i++)
                native[i] = values[i].Write(this, pins);
            return native;
        }

        /// <summary>
        /// A number for an object of the host. It is valid until the machine is reset: the library does not tell when the
        /// last item with it is gone. How many there are is bounded by what the host charges for the calls that push them.
        /// </summary>
        internal ulong NumberOf(object value)
        {
            objects.Add(value);
            return (ulong)objects.Count;
        }

        internal object ObjectOf(ulong number)
        {
            return objects[(int)number - 1];
        }

        static Machine Of(void* context)
        {
            return (Machine)GCHandle.FromIntPtr((IntPtr)context).Target;
        }

        static int SystemCall(void* context, ulong handle, uint id)
        {
            var machine = Of(context);
            try
            {
                machine.host.SystemCall(machine, id);
                return Native.NEOVM_CALL_OK;
            }
            catch (Exception exception)
            {
                return machine.End(exception);
            }
        }

        static int CallToken(void* context, ulong handle, uint token)
        {
            var machine = Of(context);
            try
            {
                machine.host.CallToken(machine, (ushort)token);
                return Native.NEOVM_CALL_OK;
            }
            catch (Exception exception)
            {
                return machine.End(exception);
            }
        }

        static int Unloaded(void* context, ulong handle, ulong load, uint threw)
        {
            var machine = Of(context);
            try
            {
                machine.host.Unloaded(machine, load, threw != 0);
                return Native.NEOVM_CALL_OK;
            }
            catch (Exception exception)
            {
                return machine.End(exception);
            }
        }

        /// <summary>What a call-back returns that ended with an exception.</summary>
        int End(Exception exception)
        {
            try
            {
                if (exception is FaultException)
                    return SetFault(exception.Message);
                if (exception is ScriptException)
                    return SetException(((ScriptException)exception).Value);
                // The machine knows why.
                var own = exception as NeovmException;
                if (own != null && own.Status == Status.Fault && own.Origin == this)
                    return Native.NEOVM_CALL_FAULT;
            }
            catch (Exception other)
            {
                exception = other;
            }
            failure = ExceptionDispatchInfo.Capture(exception);
            return Failed;
        }

        int SetFault(string text)
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(text);
            fixed (byte* start = bytes)
                Check(Native.neovm_machine_set_fault(handle, start, (UIntPtr)bytes.Length));
            return Native.NEOVM_CALL_FAULT;
        }

        int SetException(Value value)
        {
            using (var pins = new Pins())
            {
                var native = value.Write(this, pins);
                Check(Native.neovm_machine_set_exception(handle, &native));
            }
            return Native.NEOVM_CALL_THROW;
        }
    }
}
