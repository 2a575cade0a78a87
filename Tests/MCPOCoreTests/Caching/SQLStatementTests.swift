import MCPOCore
import Testing

@Suite("SQL in arguments")
struct SQLStatementTests {
    private func isMutating(_ text: String) -> Bool { SQLStatement.isMutating(Array(text.utf8)) }

    @Test(
        "Statements that change something",
        arguments: [
            "INSERT INTO t VALUES (1)", "insert or replace into t select * from u",
            "INSERT t VALUES (1)", "UPDATE t SET a = 1", "update only t set a = 1 where b",
            "UPDATE STATISTICS t", "DELETE FROM t", "delete t where a = 1", "DELETE t",
            "REPLACE INTO t VALUES (1)", "UPSERT INTO t VALUES (1)",
            "MERGE INTO t USING u ON a = b WHEN MATCHED THEN UPDATE SET c = 1",
            "TRUNCATE TABLE t", "truncate t", "CREATE TABLE t (a int)",
            "create or replace view v as select 1", "CREATE UNIQUE INDEX i ON t (a)",
            "create temp table x as select 1", "ALTER TABLE t ADD COLUMN a int",
            "DROP TABLE IF EXISTS t", "drop schema s cascade", "RENAME TABLE a TO b",
            "COMMENT ON TABLE t IS 'x'", "GRANT SELECT ON t TO bob", "REVOKE ALL ON t FROM bob",
            "VACUUM", "vacuum full t", "VACUUM INTO 'file.db'", "REINDEX", "ATTACH 'x.db' AS x",
            "attach database 'x' as y", "DETACH DATABASE x", "CALL refresh_all()",
            "call s.p(1, 2)", "EXEC sp_rename 'a', 'b'", "EXECUTE stmt", "DO $$ begin end $$",
            "COPY t FROM '/tmp/x'", "COPY t TO '/tmp/x'", "LOAD DATA INFILE 'x' INTO TABLE t",
            "REFRESH MATERIALIZED VIEW v", "PRAGMA journal_mode = WAL",
            "PRAGMA journal_mode=DELETE",
            "pragma main.user_version = 3", "PRAGMA journal_mode(WAL)", "pragma optimize",
            "SET search_path TO s", "SET @a = 1", "set session authorization bob", "RESET ALL",
            "USE other", "BEGIN", "begin transaction", "COMMIT;", "ROLLBACK", "ROLLBACK TO a",
            "SAVEPOINT a", "LOCK TABLE t IN SHARE MODE", "KILL 5", "NOTIFY c, 'x'",
            "PREPARE TRANSACTION 'x'", "DECLARE @a int = 1", "DISCARD ALL",
            "SELECT * INTO new FROM t", "select a from t for update", "SELECT 1 FOR NO KEY UPDATE",
            "select a from t lock in share mode", "SELECT nextval('s')", "select setval('s', 1)",
            "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
            "with x as (delete from t returning *) select * from x",
            "WITH x AS (SELECT 1) UPDATE t SET a = 1", "EXPLAIN ANALYZE DELETE FROM t",
            "EXPLAIN (ANALYZE, BUFFERS) UPDATE t SET a = 1",
            "explain analyse insert into t select 1",
            "SELECT 1; DROP TABLE t", "SELECT 1;;\n-- x\nDELETE FROM t", ";delete from t",
            "  \n\t delete from t", "-- a comment\nDELETE FROM t", "/* a */ /* b */ delete from t",
            "(((DELETE FROM t)))", "(select 1); drop table t", "/* it's */ drop table t",
            "select 'a;b' ; delete from t", "select \"a\"\"b\"; delete from t",
            "select `a`; drop table t", "select [a;b] from t; drop table t",
            "select $$;$$; drop table t", "select $a$ ' $a$; drop table t",
            "SELECT 1 DELETE FROM t", "SELECT 1 DROP TABLE t", "select 1 exec sp_x",
            "/*!50000 DROP TABLE t */", "select 1 /*! ; drop table t */",
            "select '\\'; drop table t; --'", "select 'it\\'s'; drop table t",
            "# comment\ndrop table t", "select 1 --1; drop table t",
            "/* /* */ */ drop table t", "select E'\\''; drop table t",
            "\u{FEFF}delete from t", "CREATE (n:Person {name: 'x'})", "MATCH (n) DETACH DELETE n",
            "MATCH (n) SET n.a = 1", "DeLeTe FrOm t", "delete/**/from/**/t",
            "insert\ninto\nt select 1",
        ])
    func changing(text: String) {
        #expect(isMutating(text))
    }

    @Test(
        "Statements that read, and texts of people",
        arguments: [
            "SELECT * FROM t", "select a, b from t where c = 'delete from t'",
            "SELECT \"insert into\" FROM t", "select `drop table` from t",
            "select [update set] from t", "SELECT 1 -- ; drop table t",
            "select 1 /* ; drop table t */",
            "select $$ x $$", "select replace(a, 'x', 'y') from t", "SELECT count(*) FROM inserts",
            "select updated_at, deleted from t", "SELECT update_count FROM t",
            "WITH x AS (SELECT 1) SELECT * FROM x", "VALUES (1), (2)", "TABLE t",
            "EXPLAIN DELETE FROM t", "EXPLAIN QUERY PLAN UPDATE t SET a = 1",
            "EXPLAIN ANALYZE SELECT * FROM t", "SHOW TABLES", "show create table t", "DESCRIBE t",
            "desc t", "PRAGMA table_info(t)", "pragma main.index_list('t')", "PRAGMA user_version",
            "pragma foreign_key_list(t);", "SELECT 1; SELECT 2;", "(SELECT 1) UNION (SELECT 2)",
            "select 'it''s; drop table t'", "MATCH (n:Person) RETURN n", "select a[1] from t",
            "SELECT * FROM t WHERE note LIKE '%for update%'", "from t select a",
            "", " ", "x", "-", "--", "/*", "'", "\"", "$$", "[", "(", ";", "select '",
            "select /* x",
            "update me on the news", "drop me a line", "please delete everything",
            "call me back later", "call center software", "release notes", "load balancer",
            "reset password", "set", "create react app", "merge branch main", "grant application",
            "insert coin", "replace battery", "commit message style", "end to end testing",
            "begin with the basics", "lock screen widget", "copy cat", "truncated text of a page",
            "alter ego", "use of force in law", "kill process by name", "main", "src/index.ts",
            "/usr/lib/x", "https://example.com/drop/table", "is:open label:bug", "2024-01-01",
            "{\"delete\": \"from t\"}", "hello; drop table t", "the update set",
        ])
    func reading(text: String) {
        #expect(!isMutating(text))
    }

    @Test(
        "What cannot be told from SQL is taken for it",
        arguments: [
            "delete files", "delete mails from spam folder", "update the set of rules",
            "create table of contents", "copy the file from a to b", "select $$ ; drop table t $$",
        ])
    func mistakes(text: String) {
        #expect(isMutating(text))
    }

    @Test("A text too long to be read counts as changing something if it begins like SQL")
    func long() throws {
        let rest = String(repeating: ", a", count: 100_000)
        #expect(isMutating("select a\(rest) from t"))
        #expect(!isMutating("selection a\(rest) from t"))
        #expect(try argumentsMutate("{\"a\":\"\\n select \(rest)\"}"))
        #expect(try !argumentsMutate("{\"a\":\"\\n selection \(rest)\"}"))
    }

    @Test("No text takes quadratic time")
    func linear() {
        let clock = ContinuousClock()
        for piece in ["[", "$a", "/*", "explain analyze ", "'", "\\", "(", "update ", "--", "$$"] {
            let text = "select " + String(repeating: piece, count: 240_000 / piece.utf8.count)
            // In a debug build on a busy machine; in quadratic time it would be minutes.
            #expect(clock.measure { _ = isMutating(text) } < .seconds(10))
        }
    }

    private func argumentsMutate(_ arguments: String) throws -> Bool {
        let line = try Scanned(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":\#(arguments)}}"#)
        return SQLStatement.isMutating(
            stringsOf: line.bytes.span.bytes, line.envelope.arguments)
    }

    @Test(
        "Every string of the arguments is looked at, at any depth",
        arguments: [
            #"{"sql":"delete from t"}"#, #"{"a":1,"b":[{"c":["x","drop table t"]}]}"#,
            #"["delete from t"]"#, #"{"a":"x","b":"\n  DELETE\tFROM t"}"#,
            #"{"a":"\u0064elete from t"}"#, #"{"a":"\/* x *\/ drop table t"}"#,
            #"{"q" : "select 1; drop table t" }"#,
        ])
    func deep(arguments: String) throws {
        #expect(try argumentsMutate(arguments))
    }

    @Test(
        "Keys are not looked at, nor what is no string",
        arguments: [
            #"{"delete from t":1}"#, #"{"drop table t" : "x"}"#, "{}", "[]", "5", "null",
            #"{"a":"select \"delete from t\" from u"}"#, #"{"a":["",""],"b":{"c":""}}"#,
        ])
    func shallow(arguments: String) throws {
        #expect(try !argumentsMutate(arguments))
    }

    @Test("Absent arguments hold no statement")
    func absent() {
        let bytes = Array("{}".utf8)
        let isMutating = SQLStatement.isMutating(stringsOf: bytes.span.bytes, .absent)
        #expect(!isMutating)
    }

    @Test("No text makes it fail", arguments: 0..<200)
    func random(seed: Int) {
        var random = SeededRandom(seed: seed)
        let pieces = [
            "select", " ", "'", "\"", "`", "[", "]", "$", "$a$", "--", "/*", "*/", "\\", ";", "(",
            ")",
            "delete", "from", "explain", "analyze", "pragma", "=", "\n", "#", "1", "update", "set",
            "é",
            "/*!", "call", ".",
        ]
        let text = (0..<random.below(40)).map { _ in random.pick(pieces) }.joined()
        _ = isMutating(text)
        _ = isMutating("select " + text)
    }
}
