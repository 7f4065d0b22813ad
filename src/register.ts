// `node --import ptrap/register --test` runs tests in TypeScript, by the loader that ptrap loads plugins with.
import 'jiti/register';
