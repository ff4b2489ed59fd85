/** A dialect whose connections fail on order, around a database that is real: what is committed is committed. */
import type { CompiledQuery, DatabaseConnection, Dialect, Driver } from 'kysely';
import type { Fault } from '../../conformance/subject.ts';
import type { Engine } from '../database.ts';

export type DriverFaults = ReturnType<typeof makeDriverFaults>;

const lost = () => Object.assign(new Error('the connection was lost'), { code: 'ECONNRESET' });

export function makeDriverFaults() {
  let queue: Fault[] = [];
  let waiting: (() => void)[] = [];
  return {
    add: (fault: Fault) => void queue.push(fault),
    /** Ends whatever hangs. */
    clear() {
      queue = [];
      for (const end of waiting) end();
      waiting = [];
    },
    take(op: 'read' | 'write', kinds: readonly Fault['kind'][]): Fault['kind'] | undefined {
      const found = queue.find((each) => (each.op === op || each.op === 'any') && kinds.includes(each.kind));
      queue = queue.filter((each) => each !== found);
      return found?.kind;
    },
    hang: () => new Promise<never>((_, reject) => void waiting.push(() => reject(lost()))),
  };
}

export function withFaults(
  engine: Engine,
  faults: DriverFaults,
  sent: (verb: string, sql: string) => Promise<void>,
): Engine {
  return {
    kind: engine.kind,
    reader: faulty(engine.reader, 'read', faults, sent),
    writer: faulty(engine.writer, 'write', faults, sent),
  };
}

function faulty(
  dialect: Dialect,
  op: 'read' | 'write',
  faults: DriverFaults,
  sent: (verb: string, sql: string) => Promise<void>,
): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => failing(dialect.createDriver(), op, faults, sent),
  };
}

function failing(
  driver: Driver,
  op: 'read' | 'write',
  faults: DriverFaults,
  sent: (verb: string, sql: string) => Promise<void>,
): Driver {
  const real = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const own = (connection: DatabaseConnection) => real.get(connection) ?? connection;
  return {
    init: () => driver.init(),
    async acquireConnection() {
      const connection = await driver.acquireConnection();
      const watched: DatabaseConnection = {
        async executeQuery<R>(query: CompiledQuery) {
          await sent(query.sql.split(' ')[0]?.toUpperCase() ?? '', query.sql);
          return connection.executeQuery<R>(query);
        },
        streamQuery: <R>(query: CompiledQuery, size?: number) => connection.streamQuery<R>(query, size ?? 1),
      };
      real.set(watched, connection);
      return watched;
    },
    async beginTransaction(connection, settings) {
      if (faults.take(op, ['refuse']) !== undefined)
        throw Object.assign(new Error('the connection was refused'), { code: 'ECONNREFUSED' });
      await driver.beginTransaction(own(connection), settings);
    },
    async commitTransaction(connection) {
      await driver.commitTransaction(own(connection));
      const kind = faults.take(op, ['reset-after', 'hang-after']);
      if (kind === 'hang-after') await faults.hang();
      if (kind !== undefined) throw lost();
    },
    rollbackTransaction: (connection) => driver.rollbackTransaction(own(connection)),
    releaseConnection: (connection) => driver.releaseConnection(own(connection)),
    destroy: () => driver.destroy(),
  };
}
