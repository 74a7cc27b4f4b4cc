// Validates the OpenAPI file whose path is the argument, and prints the message of the first error.
import parser from "@apidevtools/swagger-parser";

try {
    await parser.validate(process.argv[2]);
} catch (error) {
    console.error(error.message);
    process.exit(1);
}
