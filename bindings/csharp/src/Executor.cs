using System;
using System.Threading;

namespace Neovm
{
    /// <summary>
    /// Runs jobs over a storage, with all system calls and native contracts. Any number of threads may run jobs at once if
    /// they may read the storage at once.
    /// </summary>
    public sealed class Executor
    {
        readonly Engine engine;
        readonly IStorage storage;

        /// <summary>Makes an executor. It owns neither the engine nor the storage.</summary>
        public Executor(Engine engine, IStorage storage)
        {
            if (engine == null)
                throw new ArgumentNullException(nameof(engine));
            if (storage == null)
                throw new ArgumentNullException(nameof(storage));
            this.engine = engine;
            this.storage = storage;
        }

        /// <summary>
        /// Runs a job. Nothing changes but what the receipt lists; whatever the script does, a fault too, is a receipt.
        /// </summary>
        /// <exception cref="NeovmException">The job or the storage cannot be used.</exception>
        /// <exception cref="OperationCanceledException">The token was cancelled before the script ended.</exception>
        /// <exception cref="ObjectDisposedException">The engine was disposed of.</exception>
        /// <remarks>What the storage throws comes out as it is: it says nothing of the script.</remarks>
        public unsafe Receipt Run(Job job, CancellationToken token = default(CancellationToken))
        {
            if (job == null)
                throw new ArgumentNullException(nameof(job));
            token.ThrowIfCancellationRequested();
            using (var interrupt = token.CanBeCanceled ? new InterruptHandle() : null)
            using (interrupt == null ? default(CancellationTokenRegistration) : interrupt.SetBy(token))
            using (var pins = new Pins())
            using (var calls = new StorageCalls(storage))
            {
                neovm_job form;
                neovm_block block;
                job.Write(&form, &block, pins);
                var table = calls.Table();
                ulong made;
                var message = new neovm_message { size = (UIntPtr)sizeof(neovm_message) };
                int status;
                var number = engine.Handle.Acquire();
                try
                {
                    form.interrupt = interrupt == null ? 0 : interrupt.Number;
                    status = Native.neovm_run(number, &form, &table, &made, &message);
                }
                finally
                {
                    engine.Handle.Release();
                }
                using (var handle = status == Native.NEOVM_OK ? new ReceiptHandle(made) : null)
                {
                    if (calls.Failure != null)
                        calls.Failure.Throw();
                    NeovmException.Check(status, &message);
                    return Read(handle, token);
                }
            }
        }

        static unsafe Receipt Read(ReceiptHandle handle, CancellationToken token)
        {
            var data = new neovm_receipt_data { size = (UIntPtr)sizeof(neovm_receipt_data) };
            var number = handle.Acquire();
            try
            {
                NeovmException.Check(Native.neovm_receipt_view(number, &data));
                switch (data.outcome)
                {
                    case Native.NEOVM_OUTCOME_INTERRUPTED:
                        throw new OperationCanceledException(token);
                    case Native.NEOVM_OUTCOME_CALLBACK:
                        throw new NeovmException((Status)data.callback_error, Library.Text(data.fault));
                    default:
                        return new Receipt(&data);
                }
            }
            finally
            {
                handle.Release();
            }
        }
    }
}
